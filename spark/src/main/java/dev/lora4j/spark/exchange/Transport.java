package dev.lora4j.spark.exchange;

/** The connection by which executors exchange gradients. */
public enum Transport {
  /** Gloo where every executor has its native library, else Spark. */
  AUTO,
  /** Gloo's collectives over TCP, between the executors. */
  GLOO,
  /** Spark's messages, through the driver: for few executors. */
  SPARK
}
