// Package interop holds Bulla's public format against software that was not written for Bulla: Go's checksum database
// (golang.org/x/mod/sumdb) and Tessera (github.com/transparency-dev/tessera). It has nothing but tests.
//
// The tests need a server: `cargo test -p bulla-server --test it interop` starts one for each size of log and runs them.
package interop
