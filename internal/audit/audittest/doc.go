// Package audittest is what trials of the audit have in common: a clock on which
// nobody waits, servers that are made to be in a bucket, and the truth, against
// which a report is held.
package audittest
