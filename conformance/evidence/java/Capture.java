import com.amazonaws.ClientConfiguration;
import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicSessionCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.retry.PredefinedRetryPolicies;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.AmazonS3ClientBuilder;
import com.amazonaws.services.s3.model.ObjectMetadata;
import java.io.ByteArrayInputStream;

/**
 * One request with the AWS SDK for Java, version 1, with the log that people turn on when a signature does not match.
 *
 * <p>Settings come in the environment. Not here: what is wrong with them.
 */
public class Capture {
    public static void main(String[] words) {
        String token = System.getenv("CAPTURE_TOKEN");
        String id = System.getenv("CAPTURE_KEY");
        String secret = System.getenv("CAPTURE_SECRET");
        // As they were given: the SDK's own holder of credentials trims them.
        AWSCredentials plain = new AWSCredentials() {
            public String getAWSAccessKeyId() { return id; }
            public String getAWSSecretKey() { return secret; }
        };
        AWSCredentials credentials = token == null ? plain : new BasicSessionCredentials(id, secret, token);
        ClientConfiguration settings = new ClientConfiguration().withRetryPolicy(PredefinedRetryPolicies.NO_RETRY_POLICY);
        AmazonS3 s3 = AmazonS3ClientBuilder.standard()
            .withEndpointConfiguration(new EndpointConfiguration(System.getenv("CAPTURE_ENDPOINT"), System.getenv("CAPTURE_REGION")))
            .withPathStyleAccessEnabled(true)
            .withCredentials(new AWSStaticCredentialsProvider(credentials))
            .withClientConfiguration(settings)
            .build();
        String object = System.getenv("CAPTURE_OBJECT");
        try {
            switch (System.getenv("CAPTURE_OPERATION")) {
                case "put":
                    byte[] body = "meow".getBytes();
                    ObjectMetadata metadata = new ObjectMetadata();
                    metadata.setContentLength(body.length);
                    metadata.setContentType("image/jpeg");
                    metadata.addUserMetadata("taken", "2026");
                    s3.putObject("photos", object, new ByteArrayInputStream(body), metadata);
                    break;
                case "get":
                    s3.getObject("photos", object);
                    break;
                default:
                    s3.listObjectsV2("photos", object);
            }
        } catch (RuntimeException refused) {
            System.out.println(refused);
        }
    }
}
