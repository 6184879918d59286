package secret

// FirstKeyFile is for file systems without hard links.
var FirstKeyFile = firstKeyFile
