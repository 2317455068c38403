//go:build !(linux || darwin || freebsd || netbsd || openbsd)

package cli

import "os"

// terminal tells whether a file is a terminal. How many columns it has is not
// known here.
func terminal(f *os.File) (columns int, is bool) {
	info, err := f.Stat()
	return 0, err == nil && info.Mode()&os.ModeCharDevice != 0
}
