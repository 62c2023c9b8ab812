// Lambda
