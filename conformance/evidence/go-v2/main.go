// One request with the AWS SDK for Go, version 2, with the log that people turn on when a signature does not match.
//
// Settings come as JSON in CAPTURE. Not here: what is wrong with them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

type settings struct {
	Endpoint, Key, Secret, Region, Token, Operation, Object string
	Metadata                                                map[string]string
}

func main() {
	var given settings
	if err := json.Unmarshal([]byte(os.Getenv("CAPTURE")), &given); err != nil {
		panic(err)
	}
	ctx := context.Background()
	loaded, err := config.LoadDefaultConfig(ctx,
		config.WithRegion(given.Region),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(given.Key, given.Secret, given.Token)),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		config.WithClientLogMode(aws.LogSigning|aws.LogRequest|aws.LogResponseWithBody),
	)
	if err != nil {
		panic(err)
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = true
		o.EndpointResolver = s3.EndpointResolverFromURL(given.Endpoint)
	})
	bucket, object := aws.String("photos"), aws.String(given.Object)
	switch given.Operation {
	case "put":
		_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: object, Body: strings.NewReader("meow"), ContentType: aws.String("image/jpeg"), Metadata: given.Metadata})
	case "get":
		_, err = client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: object})
	case "list":
		_, err = client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: object})
	case "link":
		signed, fault := s3.NewPresignClient(client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: object}, s3.WithPresignExpires(5*time.Minute))
		if fault == nil {
			fmt.Println(signed.URL)
		}
		err = fault
	}
	if err != nil {
		fmt.Println(err)
	}
}
