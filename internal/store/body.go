package store

import (
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// ErrBodyGone is returned for an event whose body was deleted because the
// time for which bodies are kept is over.
var ErrBodyGone = errors.New("the body was deleted when its time was over; retention.bodies says how long bodies are kept")

// The forms in which a body is kept.
const (
	bodyPlain = "plain"
	bodyZstd  = "zstd"
	bodyGone  = "gone"
)

const (
	packFrom   = 512       // bytes; below that zstd's own frame eats most of the gain
	maxUnpacks = 128 << 20 // bytes; far above what intake takes
)

// packer compresses bodies. It is safe for concurrent use.
type packer struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newPacker() (*packer, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("prepare the compression of bodies: %w", err)
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxUnpacks))
	if err != nil {
		return nil, fmt.Errorf("prepare the compression of bodies: %w", err)
	}
	return &packer{enc, dec}, nil
}

func (p *packer) pack(body []byte) (form string, kept []byte) {
	if len(body) >= packFrom {
		if packed := p.enc.EncodeAll(body, nil); len(packed) < len(body) {
			return bodyZstd, packed
		}
	}
	return bodyPlain, append([]byte{}, body...) // never nil, which SQL takes for NULL
}

func (p *packer) unpack(form string, kept []byte) ([]byte, error) {
	switch form {
	case bodyPlain:
		return kept, nil
	case bodyZstd:
		body, err := p.dec.DecodeAll(kept, nil)
		if err != nil {
			return nil, fmt.Errorf("unpack the body: %w", err)
		}
		return body, nil
	case bodyGone:
		return nil, ErrBodyGone
	}
	return nil, fmt.Errorf("the body is kept in the form %q, which this halert does not know: use the newer one", form)
}
