// Package audit counts what is listed: it looks at every endpoint in rounds and
// from regions, puts each in exactly one bucket by a table that the report
// prints, and writes the report so that others can come to the same numbers.
//
// [Plan] says what is counted, a [Runner] collects the evidence and can be cut
// off at any point, [Classify] judges, [Build] makes the numbers of a report in
// one pass over the evidence, and the writers show them. The same evidence gives
// the same bytes.
package audit
