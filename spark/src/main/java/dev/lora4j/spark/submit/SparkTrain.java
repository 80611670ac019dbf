package dev.lora4j.spark.submit;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.spark.ClusterResult;
import dev.lora4j.spark.LoraSpark;
import dev.lora4j.train.TrainingFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Trains an adapter on a cluster with the options file of {@code lora train}.
 *
 * <pre>{@code
 * spark-submit --class dev.lora4j.spark.submit.SparkTrain … \
 *     --config train.yaml --data hdfs:///chats.parquet --out hdfs:///runs/one
 * }</pre>
 */
public final class SparkTrain {
  private static final int MISTAKE = 2; // as of the command line
  private static final int FAILED = 1;

  private SparkTrain() {}

  /** Trains; the exit status is 0, 1 if training failed, or 2 for a mistake in the options. */
  public static void main(String... arguments) {
    int status = run(System.out, System.err, arguments);
    if (status != 0) {
      System.exit(status);
    }
  }

  static int run(PrintStream out, PrintStream err, String... arguments) {
    try {
      SubmitOptions options = SubmitOptions.of(arguments);
      SparkSession session = SparkSession.builder().appName("lora4j").getOrCreate();
      try {
        print(out, train(session, options));
      } finally {
        session.stop();
      }
      return 0;
    } catch (UserError | CorruptFile e) {
      err.println("Error: " + e.getMessage());
      return MISTAKE;
    } catch (TrainingFailed e) {
      err.println("Error: " + e.getMessage());
      return FAILED;
    }
  }

  static ClusterResult train(SparkSession session, SubmitOptions options) {
    Path config = new Path(options.config());
    YamlRecipe recipe = new YamlRecipe(config.getName(), text(session, config));
    return LoraSpark.fineTune(rows(session, options.data()), recipe, options.settings());
  }

  private static String text(SparkSession session, Path file) {
    try (InputStream in =
        file.getFileSystem(session.sparkContext().hadoopConfiguration()).open(file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UserError("--config: cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** A parquet file or folder, else lines of JSON. */
  private static Dataset<Row> rows(SparkSession session, String data) {
    try {
      return data.toLowerCase(Locale.ROOT).endsWith(".parquet")
          ? session.read().parquet(data)
          : session.read().json(data);
    } catch (Exception e) { // Scala throws it unchecked
      if (e instanceof AnalysisException unreadable) {
        throw new UserError(
            "--data: cannot read %s: %s; give a json, jsonl or parquet file or folder"
                .formatted(data, unreadable.getSimpleMessage()),
            e);
      }
      throw e;
    }
  }

  private static void print(PrintStream out, ClusterResult result) {
    result.messages().forEach(out::println);
    out.printf(
        Locale.ROOT,
        "%,d steps with %d workers, %,.0f tokens/s; a step takes %.2f s, the exchange %.3f s (%s)%n",
        result.steps(),
        result.workers(),
        result.tokensPerSecond(),
        result.stepSeconds(),
        result.exchangeSeconds(),
        result.transport());
    out.printf(Locale.ROOT, "Training loss %.4f", result.trainLoss());
    result.validation().ifPresent(loss -> out.printf(Locale.ROOT, ", validation loss %.4f", loss));
    out.printf("%nAdapter: %s%n", result.directory());
  }
}
