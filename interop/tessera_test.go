package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
)

// leafHashes gives the leaf hashes of a bundle, for fsck.
func leafHashes(raw []byte) ([][]byte, error) {
	var bundle api.EntryBundle
	if err := bundle.UnmarshalText(raw); err != nil {
		return nil, err
	}
	hashes := make([][]byte, 0, len(bundle.Entries))
	for _, entry := range bundle.Entries {
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
	}
	return hashes, nil
}

func (l *servedLog) fsck() error {
	return fsck.New(l.origin, l.verifier, l.fetcher, leafHashes, fsck.Opts{N: 4}).Check(context.Background())
}

func TestFsckFindsNothing(t *testing.T) {
	eachLog(t, func(t *testing.T, log *servedLog, _ uint64) {
		if err := log.fsck(); err != nil {
			t.Error(err)
		}
	})
}

func TestTesseraProvesEntriesAndTrees(t *testing.T) {
	ctx := context.Background()
	eachLog(t, func(t *testing.T, log *servedLog, size uint64) {
		checkpoint, _ := log.checkpoint(t)
		if checkpoint.Size != size {
			t.Fatalf("the checkpoint has size %d, not %d", checkpoint.Size, size)
		}
		builder, err := client.NewProofBuilder(ctx, size, log.fetcher.ReadTile)
		if err != nil {
			t.Fatal(err)
		}
		hasher := rfc6962.DefaultHasher
		for _, n := range samples(size) {
			bundle, err := client.GetEntryBundle(ctx, log.fetcher.ReadEntryBundle, n/256, size)
			if err != nil {
				t.Fatalf("bundle of entry %d: %v", n, err)
			}
			included, err := builder.InclusionProof(ctx, n)
			if err != nil {
				t.Fatalf("prove entry %d: %v", n, err)
			}
			leaf := hasher.HashLeaf(bundle.Entries[n%256])
			if err := proof.VerifyInclusion(hasher, n, size, leaf, included, checkpoint.Hash); err != nil {
				t.Errorf("check entry %d: %v", n, err)
			}
			continues, err := builder.ConsistencyProof(ctx, n+1, size)
			if err != nil {
				t.Fatalf("prove tree %d: %v", n+1, err)
			}
			older, err := rootAt(ctx, log, n+1)
			if err != nil {
				t.Fatalf("root of tree %d: %v", n+1, err)
			}
			if err := proof.VerifyConsistency(hasher, n+1, size, continues, older, checkpoint.Hash); err != nil {
				t.Errorf("check tree %d: %v", n+1, err)
			}
		}
	})
}

// rootAt computes the root of an older tree from its own partial tiles, which must still be served.
func rootAt(ctx context.Context, log *servedLog, size uint64) ([]byte, error) {
	nodes, err := client.FetchRangeNodes(ctx, size, log.fetcher.ReadTile)
	if err != nil || len(nodes) == 0 {
		return nil, errors.Join(errors.New("no nodes"), err)
	}
	root := nodes[len(nodes)-1]
	for at := len(nodes) - 2; at >= 0; at-- {
		root = rfc6962.DefaultHasher.HashChildren(nodes[at], root)
	}
	return root, nil
}

func TestNothingIsThereBeforeTheFirstCheckpoint(t *testing.T) {
	log := openLog(t, environment(t, "BULLA_INTEROP_UNPUBLISHED"))
	if _, err := log.fetcher.ReadCheckpoint(context.Background()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkpoint: %v", err)
	}
	if _, err := log.fetcher.ReadTile(context.Background(), 0, 0, 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the first tile: %v", err)
	}
}

func TestALogThatGrowsIsConsistentAtEverySize(t *testing.T) {
	ctx := context.Background()
	log := openLog(t, environment(t, "BULLA_INTEROP_GROWING"))
	writer := newWriter(t, log.url, environment(t, "BULLA_INTEROP_TOKEN"))
	consensus := client.UnilateralConsensus(log.fetcher.ReadCheckpoint)
	tracker, err := client.NewLogStateTracker(ctx, log.fetcher.ReadTile, nil, log.verifier, log.origin, consensus)
	if err != nil {
		t.Fatal(err)
	}
	grown := 0
	for round := range 24 {
		before := tracker.Latest()
		done := make(chan error)
		go func() { done <- writer.record(40 + round) }()
		if round%4 == 0 {
			if err := log.fsck(); err != nil {
				t.Errorf("fsck while it grows: %v", err)
			}
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := tracker.Update(ctx); err != nil {
			t.Fatalf("update from size %d: %v", before.Size, err)
		}
		after := tracker.Latest()
		if after.Size < before.Size || after.Size == before.Size && !bytes.Equal(after.Hash, before.Hash) {
			t.Fatalf("it went from size %d to %d", before.Size, after.Size)
		}
		if after.Size > before.Size {
			grown++
		}
	}
	if grown < 12 {
		t.Errorf("it was seen growing %d times only", grown)
	}
	if err := log.fsck(); err != nil {
		t.Errorf("fsck at the end: %v", err)
	}
}

// writer records entries through the API.
type writer struct {
	t     *testing.T
	url   string
	token string
}

func newWriter(t *testing.T, at, token string) *writer {
	return &writer{t: t, url: at + "/v1/entries?wait=published", token: token}
}

// record records so many entries with one request, and waits until a checkpoint covers them.
func (w *writer) record(count int) error {
	var lines bytes.Buffer
	for n := range count {
		fmt.Fprintf(&lines, `{"category":"api","action":"GET /%d","outcome":"success"}`+"\n", n)
	}
	request, err := http.NewRequest(http.MethodPost, w.url, &lines)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("record: %s", response.Status)
	}
	return nil
}
