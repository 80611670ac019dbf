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
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
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
  private final Optional<RunWriter> writer;
  private final String transport;
  private final TimedGroup group;
  private final List<String> messages = new ArrayList<>();

  private TrainingAttempt(
      TrainingTask task,
      BarrierTaskContext context,
      Path directory,
      Members members,
      String transport,
      ProcessGroup group) {
    this.task = task;
    this.context = context;
    this.directory = directory;
    this.transport = transport;
    this.group = new TimedGroup(group);
    executors = members.roster().executors();
    writer = members.writer();
    messages.addAll(members.roster().notes());
  }

  /**
   * The executors of an attempt.
   *
   * @param writer of the run's directory, in the first of them
   */
  private record Members(Roster roster, Optional<RunWriter> writer) {
    /** Claims the directory for this attempt, before any executor reads it. */
    static Members gather(TrainingTask task, BarrierTaskContext context) {
      ExecutorFacts own = ExecutorFacts.here(place(context, context.partitionId()));
      List<String> places =
          IntStream.range(0, context.numPartitions())
              .mapToObj(rank -> place(context, rank))
              .toList();
      Agreement joining = new Agreement(context, places, "");
      Optional<RunWriter> writer = Optional.empty();
      try {
        if (context.partitionId() == 0) {
          writer = Optional.of(task.storage().claim(context.stageAttemptNumber()));
        }
      } catch (UserError e) {
        joining.refuse(String.valueOf(e.getMessage()));
      }
      List<ExecutorFacts> all =
          joining.exchange(own.json()).stream().map(ExecutorFacts::of).toList();
      return new Members(new Roster(task.version(), all), writer);
    }
  }

  /**
   * Joins the group of all executors.
   *
   * @param directory an empty local directory
   * @throws CommonMistake if the executors differ, or another attempt or run has the directory
   */
  static TrainingAttempt join(TrainingTask task, BarrierTaskContext context, Path directory) {
    List<String> hosts =
        Stream.of(context.getTaskInfos()).map(info -> host(info.address())).toList();
    Members members = Members.gather(task, context);
    boolean gloo = usesGloo(members.roster(), task.settings().transport());
    if (hosts.size() == 1) {
      return new TrainingAttempt(task, context, directory, members, "none", ProcessGroup.SINGLE);
    }
    ProcessGroup group =
        gloo
            ? GlooGroup.join(
                new GlooGroup.Place(
                    context.partitionId(),
                    hosts,
                    task.workers(),
                    task.settings().reduction(),
                    task.settings().timeout()),
                text -> context.allGather(text)[0])
            : new SparkGroup(context, task.settings().reduction());
    return new TrainingAttempt(task, context, directory, members, gloo ? "gloo" : "spark", group);
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
    return place(context, context.partitionId());
  }

  private static String place(BarrierTaskContext context, int rank) {
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
      run.record(options(run));
      return train(run);
    }
  }

  /** The options for {@code run.yaml}, with those that the run sets. */
  private Map<String, Object> options(FineTuneRun run) {
    Map<String, Object> options = new TreeMap<>(task.recipe().options(run.settings()));
    if (!options.isEmpty()) {
      options.put("data", directory.resolve(RunStorage.ROWS));
      options.put("out", directory);
      options.put("workers", task.workers() * group.size());
    }
    return options;
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
    Optional<CheckpointUpload> upload =
        writer.map(storage -> new CheckpointUpload(directory, storage));
    StepTimes times = new StepTimes(group);
    TrainingCallback progress =
        first ? new StageProgress(task.steps(), task.tokens()) : TrainingCallback.NONE;
    LanguageModelTrainingResult result =
        together(
            run,
            TrainingCallback.all(
                upload.map(TrainingCallback.class::cast).orElse(TrainingCallback.NONE),
                times,
                progress,
                new StageCancellation(context)));
    upload.ifPresent(CheckpointUpload::uploadOthers);
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
