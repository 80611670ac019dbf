package dev.lora4j.spark.exchange;

/** The order in which the gradients of all workers are added up. */
public enum Reduction {
  /** By the network's fastest way; a run repeats its bits for the same executors and workers. */
  FAST,
  /** In the order of the workers: the bits of one process with as many workers. */
  ORDERED
}
