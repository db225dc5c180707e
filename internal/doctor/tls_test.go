package doctor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rota/internal/plan"
)

// speaksTLS is the variable with the only name by which a program of the tests is reached over TLS.
const speaksTLS = "SPEAKS_TLS"

func tlsOf(name string) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		os.Exit(12)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		os.Exit(12)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if hello.ServerName != name {
				return nil, errors.New("nobody of that name is here")
			}
			return &tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key}, nil
		},
	}
}

func tlsSpec(name string) plan.Spec {
	s := spec(name)
	s.Env = []string{speaksTLS + "=www.example"}
	return s
}

func TestAProgramThatSpeaksTLSIsExaminedInTLS(t *testing.T) {
	t.Parallel()
	r := examine(t, order{Spec: tlsSpec("good"), TLS: true, Host: "www.example"})
	require.Equal(t, "15 passed, 0 failed, 1 skipped", r.String())
	for name, want := range map[string]check{
		"accepts-and-drops": stopsAccepting, "drops-silent": answersSilent, "cuts-in-flight": finishesRequests, "never-says-close": letsBusyGo,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, examine(t, order{Spec: tlsSpec(name), TLS: true, Host: "www.example"}).failed(), want.name)
		})
	}
}

func TestWhoShouldHaveSpokenTLSOrNotIsToldSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order order
		want  string
	}{
		"tls without --tls": {order{Spec: tlsSpec("good"), Host: "www.example"}, "in the clear, as it speaks TLS: give --tls"},
		"--tls without tls": {order{Spec: spec("good"), TLS: true}, "(leave out --tls if it speaks none; "},
		"by another name":   {order{Spec: tlsSpec("good"), TLS: true}, "the TLS handshake fails: closed without an answer: tls: internal error (leave out --tls if it speaks none; --host NAME"},
		"a greeter's --tls": {order{Spec: spec("good-greeter"), TLS: true}, "the TLS handshake fails: it does not speak TLS (leave out --tls"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := examine(t, c.order)
			require.Equal(t, names(answersUnderLoad), r.failed())
			require.Contains(t, r.result(t, answersUnderLoad).Detail, c.want)
		})
	}
}
