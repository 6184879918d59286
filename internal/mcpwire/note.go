package mcpwire

// Note is something sloppy that was tolerated on the wire. Package probe turns
// notes into findings.
type Note struct {
	ID     string // one of the Note constants
	Detail string
}

// The notes.
const (
	NoteCompressed         = "compressed_uninvited"
	NoteNoContentType      = "missing_content_type"
	NoteStreamNotClosed    = "sse_not_closed"
	NoteUnterminatedFrame  = "sse_unterminated_frame"
	NoteServerRequest      = "server_request_on_stream"
	NoteForeignAnswer      = "sse_foreign_answer"
	NoteJunkEvent          = "sse_junk_event"
	NoteIDSpelling         = "id_spelling"
	NoteAcceptedType       = "notification_content_type"
	NoteConnectionDropped  = "connection_dropped"
	NoteSessionCharacters  = "session_id_characters"
	NoteStdoutNoise        = "stdout_noise"
	NoteConnectionPerReply = "connection_close"
)
