// Package archive remembers. It pulls the sealed feed, folds verdicts into Unix
// minutes, writes each minute of all servers as one segment, packs a finished
// day of a server into one blob with its counts and its latency digest, and
// answers questions about the past: the last day and the counts of 92 days from
// memory, older minutes from the blobs.
//
// What a minute is: with cycles of up to a minute, the fold of the verdicts
// whose cycles begin in it (see fold); with longer ones, the newest verdict,
// which stands until the minute in which the next is due. A minute without
// either is Unknown.
//
// When history begins: with the first minute that was measured. Days and
// minutes before it count as nothing at all; from it on, every minute that was
// not measured counts as Unknown.
package archive
