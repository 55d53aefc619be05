//go:build tools

// Package tools pins the fake kubelet of the proof ground.
package tools

import (
	_ "sigs.k8s.io/kwok/cmd/kwok"
)
