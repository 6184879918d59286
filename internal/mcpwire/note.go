package mcpwire

// Note is something sloppy that was tolerated on the wire. Package probe turns
// notes into findings.
type Note struct {
	ID     string // one of the Note constants
	Detail string
}

// The notes.
const (
	NoteCompressed        = "encoding_ignored"
	NoteNoContentType     = "missing_content_type"
	NoteStreamNotClosed   = "sse_not_closed"
	NoteUnterminatedFrame = "sse_unterminated_frame"
	NoteServerRequest     = "server_request_on_stream"
	NoteForeignAnswer     = "sse_foreign_answer"
	NoteSessionCharacters = "session_id_invalid"
)
