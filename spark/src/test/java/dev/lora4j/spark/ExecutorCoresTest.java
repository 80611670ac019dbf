package dev.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExecutorCoresTest {
  private static SparkConf master(String name) {
    return new SparkConf(false).setMaster(name);
  }

  @ParameterizedTest
  @CsvSource({
    "local, 1, 1",
    "local[6], 1, 6",
    "local[6], 2, 3",
    "local[2], 3, 1",
    "'local[4, 2]', 1, 4",
  })
  void executorsShareTheThreadsOfALocalMaster(String master, int executors, int workers) {
    assertThat(ExecutorCores.workers(master(master), executors)).isEqualTo(workers);
  }

  @Test
  void aStarIsAllCores() {
    assertThat(ExecutorCores.workers(master("local[*]"), 1))
        .isEqualTo(Runtime.getRuntime().availableProcessors());
  }

  @Test
  void executorsOfAClusterHaveTheirCores() {
    SparkConf yarn = master("yarn").set("spark.task.cpus", "2");

    assertThat(ExecutorCores.workers(yarn, 3)).isEqualTo(2);
    assertThat(ExecutorCores.workers(yarn.set("spark.executor.cores", "8"), 3)).isEqualTo(8);
    assertThat(ExecutorCores.workers(master("local-cluster[2,1,1024]"), 2)).isEqualTo(1);
  }
}
