package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	f_log "github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

// servedLog is a log that a server serves.
type servedLog struct {
	url      string
	origin   string
	verifier note.Verifier
	fetcher  *client.HTTPFetcher
}

// eachLog runs test for every log named in BULLA_INTEROP_LOGS: `SIZE=URL`, separated by spaces.
func eachLog(t *testing.T, test func(t *testing.T, log *servedLog, size uint64)) {
	logs := strings.Fields(environment(t, "BULLA_INTEROP_LOGS"))
	if len(logs) == 0 {
		t.Fatal("BULLA_INTEROP_LOGS names no log")
	}
	for _, named := range logs {
		size, at, ok := strings.Cut(named, "=")
		n, err := strconv.ParseUint(size, 10, 64)
		if !ok || err != nil {
			t.Fatalf("BULLA_INTEROP_LOGS has %q, not SIZE=URL", named)
		}
		t.Run(size, func(t *testing.T) { test(t, openLog(t, at), n) })
	}
}

// environment gives the variable's value, or skips the test: it is cargo that starts the servers.
func environment(t *testing.T, name string) string {
	value, ok := os.LookupEnv(name)
	if !ok {
		t.Skipf("%s is not set: run `cargo test -p bulla-server --test it interop`", name)
	}
	return value
}

// openLog reads the log's name and key from log.json.
func openLog(t *testing.T, at string) *servedLog {
	t.Helper()
	var identity struct{ Origin, VKey string }
	if err := json.Unmarshal(get(t, at+"/log.json"), &identity); err != nil {
		t.Fatalf("log.json: %v", err)
	}
	verifier, err := note.NewVerifier(identity.VKey)
	if err != nil {
		t.Fatalf("vkey %q: %v", identity.VKey, err)
	}
	root, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	fetcher, err := client.NewHTTPFetcher(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &servedLog{url: at, origin: identity.Origin, verifier: verifier, fetcher: fetcher}
}

// checkpoint fetches the newest checkpoint and checks it as Tessera's clients do.
func (l *servedLog) checkpoint(t *testing.T) (*f_log.Checkpoint, []byte) {
	t.Helper()
	checkpoint, raw, _, err := client.FetchCheckpoint(context.Background(), l.fetcher.ReadCheckpoint, l.verifier, l.origin)
	if err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	return checkpoint, raw
}

func get(t *testing.T, at string) []byte {
	t.Helper()
	body, err := fetch(at)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func fetch(at string) ([]byte, error) {
	response, err := http.Get(at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", at, response.Status, body)
	}
	return body, err
}
