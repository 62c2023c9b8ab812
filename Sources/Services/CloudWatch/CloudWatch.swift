// CloudWatch
