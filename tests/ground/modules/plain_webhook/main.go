// A webhook as Go operators have theirs, which reads what it is asked about and lets all of it through: what such a webhook
// takes at least on this machine. It knows the fields of the cluster that benchmarks ask about, and no others.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

type cluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              clusterSpec `json:"spec,omitempty"`
}

type clusterSpec struct {
	PostgresPasswordSecretRef corev1.SecretKeySelector `json:"postgresPasswordSecretRef,omitempty"`
	DurabilityPolicy          string                   `json:"durabilityPolicy,omitempty"`
	Backup                    *backup                  `json:"backup,omitempty"`
	GlobalTopoServer          *topoServer              `json:"globalTopoServer,omitempty"`
	Cells                     []cell                   `json:"cells,omitempty"`
	Databases                 []database               `json:"databases,omitempty"`
}

type backup struct {
	Type string     `json:"type,omitempty"`
	S3   *s3Storage `json:"s3,omitempty"`
}

type s3Storage struct {
	Bucket            string `json:"bucket,omitempty"`
	Region            string `json:"region,omitempty"`
	UseEnvCredentials bool   `json:"useEnvCredentials,omitempty"`
}

type topoServer struct {
	Etcd *etcd `json:"etcd,omitempty"`
}

type etcd struct {
	Replicas *int32 `json:"replicas,omitempty"`
	Storage  volume `json:"storage,omitempty"`
}

type volume struct {
	Size string `json:"size,omitempty"`
}

type cell struct {
	Name   string    `json:"name,omitempty"`
	ZoneID string    `json:"zoneId,omitempty"`
	Spec   *cellSpec `json:"spec,omitempty"`
}

type cellSpec struct {
	Multigateway gateway `json:"multigateway,omitempty"`
}

type gateway struct {
	Replicas       *int32                      `json:"replicas,omitempty"`
	Resources      corev1.ResourceRequirements `json:"resources,omitempty"`
	Affinity       *corev1.Affinity            `json:"affinity,omitempty"`
	PodAnnotations map[string]string           `json:"podAnnotations,omitempty"`
}

type database struct {
	Name        string       `json:"name,omitempty"`
	Default     bool         `json:"default,omitempty"`
	TableGroups []tableGroup `json:"tablegroups,omitempty"`
}

type tableGroup struct {
	Name    string  `json:"name,omitempty"`
	Default bool    `json:"default,omitempty"`
	Shards  []shard `json:"shards,omitempty"`
}

type shard struct {
	Name string     `json:"name,omitempty"`
	Spec *shardSpec `json:"spec,omitempty"`
}

type shardSpec struct {
	PostgresConfig map[string]string `json:"postgresConfig,omitempty"`
	Pools          map[string]pool   `json:"pools,omitempty"`
}

type pool struct {
	Type            string              `json:"type,omitempty"`
	ReplicasPerCell *int32              `json:"replicasPerCell,omitempty"`
	Storage         volume              `json:"storage,omitempty"`
	Postgres        container           `json:"postgres,omitempty"`
	Multipooler     container           `json:"multipooler,omitempty"`
	Affinity        *corev1.Affinity    `json:"affinity,omitempty"`
	Tolerations     []corev1.Toleration `json:"tolerations,omitempty"`
}

type container struct {
	Resources corev1.ResourceRequirements `json:"resources,omitempty"`
}

// DeepCopyObject copies no more than it has to, as nothing is changed here.
func (c *cluster) DeepCopyObject() runtime.Object {
	copied := *c
	return &copied
}

// pass has no rules and no defaults.
type pass struct{}

func (pass) Default(context.Context, *cluster) error { return nil }

func (pass) ValidateCreate(context.Context, *cluster) (admission.Warnings, error) { return nil, nil }

func (pass) ValidateUpdate(context.Context, *cluster, *cluster) (admission.Warnings, error) {
	return nil, nil
}

func (pass) ValidateDelete(context.Context, *cluster) (admission.Warnings, error) { return nil, nil }

func main() {
	port := flag.Int("port", 0, "to listen on, on 127.0.0.1")
	folder := flag.String("certificates", "", "folder with tls.crt and tls.key")
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	if err := serve(*port, *folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(port int, folder string) error {
	scheme := runtime.NewScheme()
	kind := schema.GroupVersionKind{Group: "multigres.com", Version: "v1alpha1", Kind: "MultigresCluster"}
	scheme.AddKnownTypeWithName(kind, &cluster{})
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: folder})
	server.Register("/mutate-multigres-com-v1alpha1-multigrescluster", admission.WithDefaulter(scheme, pass{}))
	server.Register("/validate-multigres-com-v1alpha1-multigrescluster", admission.WithValidator(scheme, pass{}))
	return server.Start(ctrl.SetupSignalHandler())
}
