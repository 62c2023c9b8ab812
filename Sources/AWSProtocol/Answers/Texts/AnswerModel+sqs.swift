// Derived from botocore 1.43.11 by Tools/models/answers.py; do not edit.
// botocore is Copyright Amazon.com, Inc. or its affiliates, Apache License 2.0: see Tools/models/NOTICE.

// swift-format-ignore-file

extension AnswerModel {
    static let sqs: StaticString = ###"""
{
"operations":{
"CancelMessageMoveTask":[0],
"ChangeMessageVisibilityBatch":[2],
"CreateQueue":[9],
"DeleteMessageBatch":[10],
"GetQueueAttributes":[13],
"GetQueueUrl":[15],
"ListDeadLetterSourceQueues":[16],
"ListMessageMoveTasks":[18],
"ListQueueTags":[21],
"ListQueues":[23],
"ReceiveMessage":[24],
"SendMessage":[32],
"SendMessageBatch":[33],
"StartMessageMoveTask":[36]
},
"shapes":[
{"ApproximateNumberOfMessagesMoved":1},
"#",
{"Successful!":3,"Failed!":6},
["list",4],
{"Id!":5},
"",
["list",7],
{"Id!":5,"SenderFault!":8,"Code!":5,"Message":5},
"?",
{"QueueUrl":5},
{"Successful!":11,"Failed!":6},
["list",12],
{"Id!":5},
{"Attributes":14},
["map",5],
{"QueueUrl":5},
{"QueueUrls!":17,"NextToken":5},
["list",5],
{"Results":19},
["list",20],
{"TaskHandle":5,"Status":5,"SourceArn":5,"DestinationArn":5,"MaxNumberOfMessagesPerSecond":1,"ApproximateNumberOfMessagesMoved":1,"ApproximateNumberOfMessagesToMove":1,"FailureReason":5,"StartedTimestamp":1},
{"Tags":22},
["map",5],
{"QueueUrls":17,"NextToken":5},
{"Messages":25},
["list",26],
{"MessageId":5,"ReceiptHandle":5,"MD5OfBody":5,"Body":5,"Attributes":27,"MD5OfMessageAttributes":5,"MessageAttributes":28},
["map",5],
["map",29],
{"StringValue":5,"BinaryValue":5,"StringListValues":30,"BinaryListValues":31,"DataType!":5},
["list",5],
["list",5],
{"MD5OfMessageBody":5,"MD5OfMessageAttributes":5,"MD5OfMessageSystemAttributes":5,"MessageId":5,"SequenceNumber":5},
{"Successful!":34,"Failed!":6},
["list",35],
{"Id!":5,"MessageId!":5,"MD5OfMessageBody!":5,"MD5OfMessageAttributes":5,"MD5OfMessageSystemAttributes":5,"SequenceNumber":5},
{"TaskHandle":5}
]
}
"""###
}
