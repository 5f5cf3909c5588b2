// A kfake cluster of three brokers in a process of its own, as `kafkalab serve` prints itself.
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"
)

func main() {
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(3), kfake.SeedTopics(3, "bench-1024-5", "bench-100-0", "bench-latency"),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer cluster.Close()
	fmt.Println("bootstrap.servers=" + strings.Join(cluster.ListenAddrs(), ","))
	over := make(chan os.Signal, 1)
	signal.Notify(over, syscall.SIGTERM, syscall.SIGINT)
	<-over
}
