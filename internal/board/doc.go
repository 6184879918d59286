// Package board is the read model: what is known at this moment about every
// server, in the words that pages, API and agents share. It is made from the
// sealed feed and the archive; readers never touch the pipeline itself.
package board
