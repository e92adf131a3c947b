// One request with the AWS SDK for Go, version 1, with the log that people turn on when a signature does not match.
//
// Settings come as JSON in CAPTURE. Not here: what is wrong with them.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/credentials"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/s3"
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
	client := s3.New(session.Must(session.NewSession(&aws.Config{
		Region:           aws.String(given.Region),
		Endpoint:         aws.String(given.Endpoint),
		S3ForcePathStyle: aws.Bool(true),
		MaxRetries:       aws.Int(0),
		Credentials:      credentials.NewStaticCredentials(given.Key, given.Secret, given.Token),
		LogLevel:         aws.LogLevel(aws.LogDebugWithSigning | aws.LogDebugWithHTTPBody),
	})))
	bucket, object := aws.String("photos"), aws.String(given.Object)
	var err error
	switch given.Operation {
	case "put":
		_, err = client.PutObject(&s3.PutObjectInput{Bucket: bucket, Key: object, Body: strings.NewReader("meow"), ContentType: aws.String("image/jpeg"), Metadata: aws.StringMap(given.Metadata)})
	case "get":
		_, err = client.GetObject(&s3.GetObjectInput{Bucket: bucket, Key: object})
	case "list":
		_, err = client.ListObjectsV2(&s3.ListObjectsV2Input{Bucket: bucket, Prefix: object})
	case "link":
		request, _ := client.GetObjectRequest(&s3.GetObjectInput{Bucket: bucket, Key: object})
		var link string
		link, err = request.Presign(5 * time.Minute)
		fmt.Println(link)
	}
	if err != nil {
		fmt.Println(err)
	}
}
