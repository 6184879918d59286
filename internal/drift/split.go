package drift

import "github.com/go-json-experiment/json/jsontext"

// The functions of this file walk canonical text only: valid, without white
// space, every separator where it must be. That makes them short and quick.

// valueEnd returns the index after the value that starts at i.
func valueEnd(b []byte, i int) int {
	depth := 0
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default:
			if depth > 0 {
				continue
			}
			return scalarEnd(b, i)
		}
		if depth == 0 {
			return i + 1
		}
	}
	return i
}

// scalarEnd returns the index after the number or literal that starts at i.
func scalarEnd(b []byte, i int) int {
	for i < len(b) && b[i] != ',' && b[i] != '}' && b[i] != ']' {
		i++
	}
	return i
}

// members calls yield for each member of a canonical object, in its order; the
// name still has its quotes.
func members(obj []byte, yield func(name, value []byte)) {
	for i := 1; i < len(obj)-1; i++ {
		colon := stringEnd(obj, i)
		end := valueEnd(obj, colon+1)
		yield(obj[i:colon:colon], obj[colon+1:end:end])
		i = end
	}
}

// elements calls yield for each element of a canonical array, in its order.
func elements(arr []byte, yield func(value []byte)) {
	for i := 1; i < len(arr)-1; i++ {
		end := valueEnd(arr, i)
		yield(arr[i:end:end])
		i = end
	}
}

// unquote returns the text of a canonical string.
func unquote(s []byte) string {
	out, err := jsontext.AppendUnquote(nil, s)
	if err != nil {
		return string(s)
	}
	return string(out)
}
