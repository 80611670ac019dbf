package dev.lora4j.spark;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.jspecify.annotations.Nullable;

/** The cores of an executor, as Spark counts them. */
final class ExecutorCores {
  private static final Pattern LOCAL = Pattern.compile("local(?:\\[\\s*(\\d+|\\*)\\s*(?:,.*)?])?");

  private ExecutorCores() {}

  /**
   * Returns the default number of worker threads of an executor: {@code spark.executor.cores}, else
   * the cores of a task. In local mode the executors share the threads of the master, such as four
   * of {@code local[4]}.
   */
  static int workers(SparkConf conf, int executors) {
    Matcher local = LOCAL.matcher(conf.get("spark.master", ""));
    if (local.matches()) {
      return Math.max(1, threads(local.group(1)) / executors);
    }
    return conf.getInt("spark.executor.cores", conf.getInt("spark.task.cpus", 1));
  }

  private static int threads(@Nullable String count) {
    if (count == null) {
      return 1;
    }
    return count.equals("*") ? Runtime.getRuntime().availableProcessors() : Integer.parseInt(count);
  }
}
