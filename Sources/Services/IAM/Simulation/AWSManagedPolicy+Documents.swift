extension AWSManagedPolicy {
    /// The document of those of AWS's policies that pipelines are given; nil for all others.
    ///
    /// Of AmazonSageMakerFullAccess what it allows on every resource, and what it allows in SageMaker and on buckets and
    /// objects of its own.
    /// <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>
    static func document(of name: String) -> String? {
        switch name {
        case "AdministratorAccess": allowing(["*"])
        case "PowerUserAccess":
            #"{"Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"}]}"#
        case "AmazonS3FullAccess": allowing(["s3:*", "s3-object-lambda:*"])
        case "AmazonS3ReadOnlyAccess":
            allowing(["s3:Get*", "s3:List*", "s3:Describe*", "s3-object-lambda:Get*", "s3-object-lambda:List*"])
        case "AmazonSageMakerFullAccess": sageMakerFullAccess
        default: nil
        }
    }

    private static func allowing(_ actions: [String]) -> String {
        let list = actions.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"Statement":[{"Effect":"Allow","Action":[\#(list)],"Resource":"*"}]}"#
    }

    private static let sageMakerFullAccess = #"""
        {"Statement": [
            {"Effect": "Allow", "Action": "sagemaker:*", "NotResource": [
                "arn:aws:sagemaker:*:*:domain/*", "arn:aws:sagemaker:*:*:user-profile/*", "arn:aws:sagemaker:*:*:app/*",
                "arn:aws:sagemaker:*:*:space/*", "arn:aws:sagemaker:*:*:partner-app/*",
                "arn:aws:sagemaker:*:*:flow-definition/*"]},
            {"Effect": "Allow", "Resource": "*", "Action": [
                "aws-marketplace:ViewSubscriptions", "cloudformation:GetTemplateSummary",
                "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics", "cloudwatch:ListMetrics", "cloudwatch:PutMetricAlarm",
                "cloudwatch:PutMetricData", "codecommit:BatchGetRepositories", "codecommit:CreateRepository",
                "codecommit:GetRepository", "codecommit:List*",
                "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:CreateVpcEndpoint",
                "ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeDhcpOptions",
                "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets", "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
                "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CreateRepository", "ecr:Describe*",
                "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecr:StartImageScan",
                "elasticfilesystem:DescribeFileSystems", "elasticfilesystem:DescribeMountTargets",
                "fsx:DescribeFileSystems", "glue:CreateJob", "glue:DeleteJob", "glue:GetJob*", "glue:GetTable*",
                "glue:GetWorkflowRun", "glue:ResetJobBookmark", "glue:StartJobRun", "glue:StartWorkflowRun",
                "glue:UpdateJob", "groundtruthlabeling:*", "iam:ListRoles", "kms:DescribeKey", "kms:ListAliases",
                "lambda:ListFunctions", "logs:CreateLogDelivery", "logs:CreateLogGroup", "logs:CreateLogStream",
                "logs:DeleteLogDelivery", "logs:Describe*", "logs:GetLogDelivery", "logs:GetLogEvents",
                "logs:ListLogDeliveries", "logs:PutLogEvents", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
                "s3:CreateBucket", "s3:GetBucketLocation", "s3:ListBucket", "s3:ListAllMyBuckets",
                "s3:GetBucketCors", "s3:PutBucketCors", "secretsmanager:ListSecrets", "sns:ListTopics",
                "tag:GetResources"]},
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"],
             "Resource": ["arn:aws:s3:::*SageMaker*", "arn:aws:s3:::*Sagemaker*", "arn:aws:s3:::*sagemaker*",
                          "arn:aws:s3:::*aws-glue*"]}
        ]}
        """#
}
