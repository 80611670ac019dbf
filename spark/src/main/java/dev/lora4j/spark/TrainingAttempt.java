package dev.lora4j.spark;

import dev.lora4j.CorruptFile;
import dev.lora4j.UserError;
import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.recipe.FineTuneRun;
import dev.lora4j.llm.train.LanguageModelTrainingResult;
import dev.lora4j.spark.exchange.GlooGroup;
import dev.lora4j.spark.exchange.SparkGroup;
import dev.lora4j.spark.exchange.TimedGroup;
import dev.lora4j.spark.exchange.Transport;
import dev.lora4j.train.RunDirectory;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.group.ProcessGroup;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.BarrierTaskContext;
import org.jspecify.annotations.Nullable;

/** An attempt of a training task: the group that it joins, and the run that it opens. */
final class TrainingAttempt implements AutoCloseable {
  private static final String SAME_PATHS =
      "\nevery executor reads the base and other files of the recipe by the same path: put them on"
          + " a shared disk, or send them by --archives or --files and name them by"
          + " SparkFiles.get(…)";

  private final TrainingTask task;
  private final BarrierTaskContext context;
  private final Path directory;
  private final List<ExecutorFacts> executors;
  private final String transport;
  private final TimedGroup group;
  private final List<String> messages = new ArrayList<>();

  private TrainingAttempt(
      TrainingTask task,
      BarrierTaskContext context,
      Path directory,
      Roster roster,
      String transport,
      ProcessGroup group) {
    this.task = task;
    this.context = context;
    this.directory = directory;
    this.transport = transport;
    this.group = new TimedGroup(group);
    executors = roster.executors();
    messages.addAll(roster.notes());
  }

  /**
   * Joins the group of all executors.
   *
   * @param directory an empty local directory
   * @throws CommonMistake if the executors differ
   */
  static TrainingAttempt join(TrainingTask task, BarrierTaskContext context, Path directory) {
    int rank = context.partitionId();
    List<String> hosts =
        Stream.of(context.getTaskInfos()).map(info -> host(info.address())).toList();
    ExecutorFacts own = ExecutorFacts.here(place(context));
    Roster roster =
        new Roster(
            task.version(),
            Stream.of(context.allGather(own.json())).map(ExecutorFacts::of).toList());
    boolean gloo = usesGloo(roster, task.settings().transport());
    if (hosts.size() == 1) {
      return new TrainingAttempt(task, context, directory, roster, "none", ProcessGroup.SINGLE);
    }
    ProcessGroup group =
        gloo
            ? GlooGroup.join(
                rank,
                hosts,
                task.workers(),
                task.settings().reduction(),
                text -> context.allGather(text)[0])
            : new SparkGroup(context, task.settings().reduction());
    return new TrainingAttempt(task, context, directory, roster, gloo ? "gloo" : "spark", group);
  }

  private static boolean usesGloo(Roster roster, Transport transport) {
    try {
      roster.check();
      return roster.usesGloo(transport);
    } catch (UserError e) {
      throw new CommonMistake(String.valueOf(e.getMessage()));
    }
  }

  /** The executor of a task, for messages. */
  static String place(BarrierTaskContext context) {
    int rank = context.partitionId();
    return "executor %d on %s".formatted(rank, host(context.getTaskInfos()[rank].address()));
  }

  private static String host(String address) {
    int colon = address.lastIndexOf(':');
    return colon < 0 ? address : address.substring(0, colon);
  }

  // ---- opening ----

  /** Trains to the end. */
  ClusterResult run() {
    boolean resumes =
        task.settings().resumes()
            || (context.stageAttemptNumber() > 0 && task.storage().holdsRun());
    try (FineTuneRun run = open(resumes)) {
      return train(run);
    }
  }

  /** Opens the run in all executors, or in none. */
  private FineTuneRun open(boolean resumes) {
    List<FineTuneRun> opened = new ArrayList<>();
    String state = "";
    @Nullable String problem = null;
    try {
      task.storage().download(directory);
      opened.add(recipe(resumes).open(directory));
      state = state(opened.get(0));
    } catch (UserError | CorruptFile e) {
      problem = String.valueOf(e.getMessage());
    }
    Agreement opening = new Agreement(context, places(), SAME_PATHS);
    try {
      if (problem == null) {
        opening.on(state);
      } else {
        opening.refuse(problem);
      }
    } catch (RuntimeException e) {
      opened.forEach(FineTuneRun::close);
      throw e;
    }
    return opened.get(0);
  }

  private List<String> places() {
    return executors.stream().map(ExecutorFacts::place).toList();
  }

  private FineTuneRecipe recipe(boolean resumes) {
    FineTuneRecipe recipe =
        task.recipe()
            .create()
            .data(directory.resolve(RunStorage.ROWS))
            .workers(task.workers() * group.size())
            .group(group)
            .log(messages::add);
    return resumes ? recipe.resume() : recipe;
  }

  /**
   * Describes the base's tensors and the last checkpoint, which must be the same on all executors.
   */
  private String state(FineTuneRun run) {
    return "the base %s, the checkpoint %s"
        .formatted(
            run.adapted().fingerprint().sha256(), new RunDirectory(directory).last().orElse(0));
  }

  // ---- training ----

  private ClusterResult train(FineTuneRun run) {
    boolean first = context.partitionId() == 0;
    noteIdleWorkers(run.settings().batching().batchSize());
    CheckpointUpload upload = new CheckpointUpload(directory, task.storage());
    StepTimes times = new StepTimes(group);
    TrainingCallback progress =
        first ? new StageProgress(task.steps(), task.tokens()) : TrainingCallback.NONE;
    LanguageModelTrainingResult result =
        together(
            run,
            TrainingCallback.all(
                first ? upload : TrainingCallback.NONE,
                times,
                progress,
                new StageCancellation(context)));
    if (first) {
      upload.uploadOthers();
    }
    return new ClusterResult(
        task.settings().output(),
        result.steps(),
        result.trainLoss(),
        result.validLossAfter().orElse(Double.NaN),
        result.adapterStep(),
        result.tokens(),
        task.workers() * group.size(),
        transport,
        context.stageAttemptNumber(),
        times.resumedFrom(),
        times.medianStep(),
        times.medianExchange(),
        times.tokensPerSecond(),
        messages);
  }

  /** Trains; mistakes before the first step are those of all executors. */
  private LanguageModelTrainingResult together(FineTuneRun run, TrainingCallback callback) {
    CommonStart start = new CommonStart(new Agreement(context, places(), ""));
    try {
      return run.train(TrainingCallback.all(start, callback));
    } catch (UserError | CorruptFile e) {
      start.refuse(e);
      throw e;
    }
  }

  private void noteIdleWorkers(int batchSize) {
    int workers = task.workers() * group.size();
    if (batchSize < workers) {
      messages.add(
          "Warning: a batch of %d rows leaves %d of %d workers idle; raise the batch size"
              .formatted(batchSize, workers - batchSize, workers));
    }
  }

  @Override
  public void close() {
    group.close();
  }
}
