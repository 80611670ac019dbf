package dev.lora4j.spark;

import dev.lora4j.llm.recipe.Versions;
import dev.lora4j.train.TrainingFailed;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.resource.ResourceProfileBuilder;
import org.apache.spark.resource.TaskResourceRequests;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import scala.Function1;
import scala.jdk.javaapi.CollectionConverters;
import scala.reflect.ClassTag$;

/** The barrier stage of a run, with one task on each executor. */
final class TrainingStage {
  private static final String TASK_ENDED = "finished unsuccessfully."; // in Spark's messages

  private final JavaSparkContext context;
  private final RecipeFactory recipe;
  private final ClusterSettings settings;
  private final RunStorage storage;
  private final int executors;
  private final int workers;

  TrainingStage(SparkSession session, RecipeFactory recipe, ClusterSettings settings) {
    this.recipe = recipe;
    this.settings = settings;
    context = JavaSparkContext.fromSparkContext(session.sparkContext());
    storage =
        new RunStorage(
            settings.output(),
            new SerializableConfiguration(context.hadoopConfiguration()),
            context.sc().applicationId() + "-" + UUID.randomUUID());
    executors = settings.executors() > 0 ? settings.executors() : liveExecutors();
    workers =
        settings.workers() > 0
            ? settings.workers()
            : ExecutorCores.workers(context.getConf(), executors);
  }

  private int liveExecutors() {
    int known = context.sc().statusTracker().getExecutorInfos().length;
    return Math.max(1, known - 1); // one of them is the driver
  }

  /** The directory of the run. */
  RunStorage storage() {
    return storage;
  }

  /**
   * Runs the stage and waits for its end.
   *
   * @throws dev.lora4j.UserError for a mistake of the user's
   * @throws TrainingFailed if training fails, or Spark gives up after several attempts
   */
  ClusterResult run() {
    TrainingTask task =
        new TrainingTask(
            recipe,
            settings,
            workers,
            Versions.LORA4J,
            storage,
            context.sc().longAccumulator("steps"),
            context.sc().longAccumulator("tokens"));
    context.setJobDescription(
        "Fine-tuning on %d executors with %d workers each, to %s"
            .formatted(executors, workers, settings.output()));
    try {
      List<TaskOutcome> outcomes = outcomes(task);
      outcomes.forEach(TaskOutcome::check);
      return outcomes.stream()
          .flatMap(outcome -> Optional.ofNullable(outcome.result()).stream())
          .findFirst()
          .orElseThrow();
    } finally {
      context.setJobDescription(null);
    }
  }

  private List<TaskOutcome> outcomes(TrainingTask task) {
    JavaRDD<Integer> ranks =
        context.parallelize(IntStream.range(0, executors).boxed().toList(), executors);
    RDD<TaskOutcome> stage =
        onWholeExecutors(ranks)
            .rdd()
            .barrier()
            .mapPartitions(
                (Function1<
                            scala.collection.Iterator<Integer>,
                            scala.collection.Iterator<TaskOutcome>>
                        & Serializable)
                    part -> one(task.run(BarrierTaskContext.get())),
                false,
                ClassTag$.MODULE$.apply(TaskOutcome.class));
    try {
      return stage.toJavaRDD().repartition(1).collect(); // Spark does not repeat a last stage
    } catch (Exception e) {
      throw failure(e);
    }
  }

  /** A task takes the cores of its workers; two tasks share an executor that has cores for both. */
  private JavaRDD<Integer> onWholeExecutors(JavaRDD<Integer> ranks) {
    if (context.isLocal() || workers == context.getConf().getInt("spark.task.cpus", 1)) {
      return ranks;
    }
    return ranks.withResources(
        new ResourceProfileBuilder().require(new TaskResourceRequests().cpus(workers)).build());
  }

  private static <T> scala.collection.Iterator<T> one(T value) {
    Iterator<T> values = new ArrayList<>(List.of(value)).iterator();
    return CollectionConverters.asScala(values);
  }

  private RuntimeException failure(Exception e) {
    if (!(e instanceof SparkException)) { // Scala throws it unchecked
      return e instanceof RuntimeException thrown ? thrown : new IllegalStateException(e);
    }
    TrainingFailed failure =
        new TrainingFailed(
            "Spark gave up: %s; %s"
                .formatted(reason(String.valueOf(e.getMessage())), checkpoints()));
    failure.initCause(e);
    return failure;
  }

  /** The error of the task that has failed the last attempt, without Spark's words and trace. */
  static String reason(String message) {
    int task = message.indexOf(TASK_ENDED);
    if (task < 0) {
      return message.lines().findFirst().orElse("");
    }
    return message
        .substring(task + TASK_ENDED.length())
        .lines()
        .takeWhile(line -> !line.startsWith("\tat "))
        .collect(Collectors.joining("\n"))
        .strip()
        .replaceFirst("^" + Pattern.quote(ExecutorFailed.class.getName() + ": "), "");
  }

  private String checkpoints() {
    List<String> checkpoints = storage.checkpoints();
    return checkpoints.isEmpty()
        ? "there is no checkpoint yet"
        : "resume the run in %s, which has %s"
            .formatted(settings.output(), String.join(" and ", checkpoints));
  }
}
