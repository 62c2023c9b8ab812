// RecordIO
