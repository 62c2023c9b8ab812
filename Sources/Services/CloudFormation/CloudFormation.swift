// CloudFormation
