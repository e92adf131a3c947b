//! Answers about buckets: the list of them, and where one lies.

use bytes::Bytes;
use countersign_types::Moment;

use crate::encode::Owner;
use crate::encode::xml::Xml;

/// The answer to `ListBuckets`.
#[derive(Clone, Debug)]
pub struct ListBucketsAnswer<'a> {
    /// Who asks.
    pub owner: Owner<'a>,
    /// The buckets of this page, in the order of their names.
    pub buckets: &'a [ListedBucket<'a>],
    /// The token for the next page ([`crate::continuation::encode`]).
    pub continuation_token: Option<&'a str>,
    /// The prefix that was asked for.
    pub prefix: Option<&'a str>,
}

/// One bucket of [`ListBucketsAnswer`].
#[derive(Clone, Copy, Debug)]
pub struct ListedBucket<'a> {
    /// Its name.
    pub name: &'a str,
    /// When it was made.
    pub created: Moment,
    /// Its region. AWS shows it only to requests that carry one of the newer parameters.
    pub region: Option<&'a str>,
}

/// The answer to `ListBuckets`.
pub fn list_buckets(answer: &ListBucketsAnswer<'_>) -> Bytes {
    const ROOT: &str = "ListAllMyBucketsResult";
    let mut xml = Xml::result(ROOT);
    xml.owner("Owner", answer.owner);
    xml.open("Buckets");
    for bucket in answer.buckets {
        xml.open("Bucket");
        xml.element("Name", bucket.name);
        xml.element("CreationDate", &bucket.created.iso8601());
        xml.optional("BucketRegion", bucket.region);
        xml.close("Bucket");
    }
    xml.close("Buckets");
    xml.optional("ContinuationToken", answer.continuation_token);
    xml.optional("Prefix", answer.prefix);
    xml.finish(ROOT)
}

/// The answer to `GetBucketLocation`: `us-east-1` has no name there.
pub fn bucket_location(region: &str) -> Bytes {
    const ROOT: &str = "LocationConstraint";
    let mut xml = Xml::result(ROOT);
    if region != "us-east-1" {
        xml.plain(region);
    }
    xml.finish(ROOT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_listed_as_aws_lists_them() {
        let owner = Owner {
            id: "o1",
            display_name: "root",
        };
        let buckets = [
            ListedBucket {
                name: "abc",
                created: Moment::from_seconds(1_369_353_600),
                region: None,
            },
            ListedBucket {
                name: "abd",
                created: Moment::from_seconds(1_369_353_600),
                region: Some("eu-west-1"),
            },
        ];
        let answer = ListBucketsAnswer {
            owner,
            buckets: &buckets,
            continuation_token: Some("t"),
            prefix: Some("a"),
        };
        assert_eq!(
            list_buckets(&answer),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListAllMyBucketsResult \
             xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Owner><ID>o1</ID><DisplayName>root</DisplayName></Owner>\
             <Buckets><Bucket><Name>abc</Name><CreationDate>2013-05-24T00:00:00.000Z</CreationDate></Bucket><Bucket>\
             <Name>abd</Name><CreationDate>2013-05-24T00:00:00.000Z</CreationDate><BucketRegion>eu-west-1</BucketRegion>\
             </Bucket></Buckets><ContinuationToken>t</ContinuationToken><Prefix>a</Prefix></ListAllMyBucketsResult>"
        );
    }

    #[test]
    fn the_first_region_has_no_name() {
        let root = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint \
                    xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
        assert_eq!(
            bucket_location("us-east-1"),
            format!("{root}</LocationConstraint>")
        );
        assert_eq!(
            bucket_location("eu-west-1"),
            format!("{root}eu-west-1</LocationConstraint>")
        );
    }
}
