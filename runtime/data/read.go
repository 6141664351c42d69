package data

func (ds *Dataset) openReads() error { return nil }
