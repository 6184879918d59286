// Package secret seals what must not be read from a database or a backup, signs
// links, and fingerprints what must be found again without being stored.
//
// Every tenant has a data key of its own, made when it is first needed and kept
// in the database, wrapped by the key encryption key of a file beside it. Whoever
// has only one of the two has nothing. Replacing the key of the file (Rotate)
// wraps the data keys anew and leaves what was sealed as it is.
//
// A sealed value is
//
//	version 1 | id of the data key, 4 bytes | nonce, 12 bytes | AES-256-GCM
//
// with the place that it is for as additional data: it does not open anywhere
// else. No error of this package holds a key, a secret or a part of one.
package secret
