package httpserver

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
)

// gzipSlack is by how many bytes a packed body may pass the limit: packing
// what cannot be packed adds a little.
const gzipSlack = 64 << 10

// ReadBody reads a whole body of at most max bytes and unpacks gzip, of one
// member or several; the limit holds for the unpacked bytes, and memory is
// taken only for bytes that came. Authenticate before: a body may have max
// bytes. The error is a *[Problem]: 400 "bad_gzip" or "incomplete_body", 408
// "body_timeout", 413 "body_too_large", 415 "unsupported_encoding".
func ReadBody(w http.ResponseWriter, r *http.Request, max int64) ([]byte, error) {
	packed, err := isGzip(r.Header.Values("Content-Encoding"))
	if err != nil {
		w.Header().Set("Accept-Encoding", "gzip, identity") // RFC 9110, 12.5.3
		return nil, err
	}
	limit := max
	if packed {
		limit += gzipSlack
	}
	if r.ContentLength > limit {
		return nil, tooLarge(max)
	}
	raw := &errorReader{r: http.MaxBytesReader(w, r.Body, limit)}
	var unpacked io.Reader = raw
	if packed {
		if unpacked, err = gzip.NewReader(raw); err != nil {
			return nil, bodyProblem(raw.err, err, max)
		}
	}
	var body bytes.Buffer
	if _, err = body.ReadFrom(io.LimitReader(unpacked, max+1)); err != nil {
		return nil, bodyProblem(raw.err, err, max)
	}
	if int64(body.Len()) > max {
		return nil, tooLarge(max)
	}
	return body.Bytes(), nil
}

// isGzip understands the content codings of a request.
func isGzip(codings []string) (bool, error) {
	packed := false
	for coding := range strings.SplitSeq(strings.Join(codings, ","), ",") {
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "", "identity":
		case "gzip", "x-gzip":
			if packed {
				return false, Errorf(http.StatusUnsupportedMediaType, "unsupported_encoding", "the body is packed twice; send it packed once")
			}
			packed = true
		default:
			return false, Errorf(http.StatusUnsupportedMediaType, "unsupported_encoding", "the Content-Encoding is not understood; send the body as it is, or with gzip")
		}
	}
	return packed, nil
}

// errorReader keeps the error of the connection apart from those of gzip.
type errorReader struct {
	r   io.Reader
	err error // what ended the reading, if not the end of the body
}

// Read reads from the connection.
func (e *errorReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && err != io.EOF {
		e.err = err
	}
	return n, err
}

// bodyProblem sorts what went wrong: on the connection, else in the gzip.
func bodyProblem(raw, err error, max int64) error {
	if raw == nil {
		return Errorf(http.StatusBadRequest, "bad_gzip", "the body is not whole gzip, as its Content-Encoding says; send it again, or without packing")
	}
	if _, over := errors.AsType[*http.MaxBytesError](raw); over {
		return tooLarge(max)
	}
	if timeout, ok := errors.AsType[net.Error](raw); ok && timeout.Timeout() {
		return Errorf(http.StatusRequestTimeout, "body_timeout", "the body did not come whole in time; send it again")
	}
	return Errorf(http.StatusBadRequest, "incomplete_body", "the body broke off; send it again")
}

func tooLarge(max int64) *Problem {
	return Errorf(http.StatusRequestEntityTooLarge, "body_too_large", "the body has more than %d bytes (unpacked); send it in parts", max)
}
