package interop

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/transparency-dev/tessera/api"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tiles reads tiles for the checksum database's code from the paths of c2sp.org/tlog-tiles, which differ from its own.
type tiles struct{ url string }

func (tiles) Height() int                         { return 8 }
func (tiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (s tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, 0, len(wanted))
	for _, tile := range wanted {
		body, err := fetch(fmt.Sprintf("%s/tile/%d/%s", s.url, tile.L, path(uint64(tile.N), tile.W)))
		if err != nil {
			return nil, err
		}
		read = append(read, body)
	}
	return read, nil
}

// path is the part of a tile's path behind its level.
func path(index uint64, width int) string {
	text := fmt.Sprintf("%03d", index%1000)
	for index /= 1000; index > 0; index /= 1000 {
		text = fmt.Sprintf("x%03d/%s", index%1000, text)
	}
	if width < 256 {
		text += fmt.Sprintf(".p/%d", width)
	}
	return text
}

// samples are numbers below size: all of them for a small size, otherwise those around edges and some between.
func samples(size uint64) []uint64 {
	var chosen []uint64
	for n := range size {
		isEdge := n%256 < 2 || n%256 > 253 || n+2 >= size
		if size <= 300 || isEdge && n%65536 < 600 || n%4999 == 0 || n+2 >= size {
			chosen = append(chosen, n)
		}
	}
	return chosen
}

func TestNoteOpensTheCheckpoint(t *testing.T) {
	eachLog(t, func(t *testing.T, log *servedLog, size uint64) {
		raw := get(t, log.url+"/checkpoint")
		opened, err := note.Open(raw, note.VerifierList(log.verifier))
		if err != nil {
			t.Fatal(err)
		}
		if expected := fmt.Sprintf("%s\n%d\n", log.origin, size); !bytes.HasPrefix([]byte(opened.Text), []byte(expected)) {
			t.Errorf("the text is %q, and should begin with %q", opened.Text, expected)
		}
		for at := range len(opened.Text) {
			changed := bytes.Clone(raw)
			changed[at] ^= 1
			if _, err := note.Open(changed, note.VerifierList(log.verifier)); err == nil {
				t.Errorf("a note with byte %d changed opens", at)
			}
		}
	})
}

func TestTlogProvesEveryRecordAndEveryTree(t *testing.T) {
	eachLog(t, func(t *testing.T, log *servedLog, size uint64) {
		checkpoint, _ := log.checkpoint(t)
		tree := tlog.Tree{N: int64(size)}
		copy(tree.Hash[:], checkpoint.Hash)
		// It checks every tile against the tree's hash before it uses it.
		reader := tlog.TileHashReader(tree, tiles{log.url})
		hash, err := tlog.TreeHash(tree.N, reader)
		if err != nil || hash != tree.Hash {
			t.Fatalf("the tree's hash is %v (%v), and should be %v", hash, err, tree.Hash)
		}
		for _, n := range samples(size) {
			entry := log.entry(t, n, size)
			proof, err := tlog.ProveRecord(tree.N, int64(n), reader)
			if err != nil {
				t.Fatalf("prove entry %d: %v", n, err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), tlog.RecordHash(entry)); err != nil {
				t.Errorf("check entry %d: %v", n, err)
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(n), tlog.RecordHash(append(entry, ' '))); err == nil {
				t.Errorf("another entry %d is proved", n)
			}
			older := int64(n) + 1
			oldHash, err := tlog.TreeHash(older, reader)
			if err != nil {
				t.Fatalf("the hash of tree %d: %v", older, err)
			}
			continues, err := tlog.ProveTree(tree.N, older, reader)
			if err != nil {
				t.Fatalf("prove tree %d: %v", older, err)
			}
			if err := tlog.CheckTree(continues, tree.N, tree.Hash, older, oldHash); err != nil {
				t.Errorf("check tree %d: %v", older, err)
			}
		}
	})
}

// bundles keeps the bundle that was asked for last.
var bundles = map[string]api.EntryBundle{}

// entry fetches entry n of a log of so many entries.
func (l *servedLog) entry(t *testing.T, n, size uint64) []byte {
	t.Helper()
	at := fmt.Sprintf("%s/tile/entries/%s", l.url, path(n/256, int(min(256, size-n/256*256))))
	bundle, ok := bundles[at]
	if !ok {
		if err := bundle.UnmarshalText(get(t, at)); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		clear(bundles)
		bundles[at] = bundle
	}
	return bytes.Clone(bundle.Entries[n%256])
}
