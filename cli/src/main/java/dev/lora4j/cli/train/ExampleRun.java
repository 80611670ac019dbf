package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.options.InitialAdapterOptions;
import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.report.TestScore;
import dev.lora4j.data.Dataset;
import dev.lora4j.io.FileDigest;
import dev.lora4j.llm.recipe.RunRecord;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.ConfigWriter;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.RunResult;
import dev.lora4j.train.RunSettings;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingLoop;
import dev.lora4j.train.TrainingRun;
import dev.lora4j.train.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A run of an {@link ExampleTraining}: its evaluations, and its files. */
record ExampleRun(ExampleTraining training, LoraModel model, Examples examples, Workers workers) {

  /** Evaluates on the test examples. */
  TestScore test() {
    return score(examples.test());
  }

  private TestScore score(Dataset data) {
    return examples.task().evaluate(training.net(), data, workers);
  }

  private TrainingLoop.Evaluated validate() {
    TestScore score = score(examples.valid().orElse(examples.test()));
    return new TrainingLoop.Evaluated(score.loss(), score.metrics());
  }

  /** Trains in the output directory. */
  RunResult train(Trainer trainer) {
    TrainingOptions options = training.options();
    if (options.resume()) {
      model.config(ExampleTraining.ADAPTER).initialization().requireRepeatable();
    }
    return trainer.run(
        new TrainingRun(
            training.paths().out(),
            options.resume(),
            settings(),
            this::save,
            Optional.of(this::validate),
            examples.valid().isPresent(),
            options.policy()),
        examples.train(),
        workers);
  }

  private void save(Path directory) {
    model.save(ExampleTraining.ADAPTER, directory);
    writeClasses(directory);
  }

  private void writeClasses(Path directory) {
    List<String> names = examples.task().classNames();
    if (!names.isEmpty()) {
      ClassNames.write(directory, names);
    }
  }

  private RunSettings settings() {
    TrainingOptions options = training.options();
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    training.data().settings(examples.task()).forEach(json::put);
    json.put("epochs", options.epochs().orElse(ExampleTraining.EPOCHS));
    json.put("batch", options.batch(ExampleTraining.BATCH));
    json.put("learning_rate", options.lr(ExampleTraining.LEARNING_RATE));
    json.put("validation_split", options.validFraction(0));
    RunSettings.putPace(json, options.policy());
    json.put("seed", options.seed()).put("workers", workers.count());
    json.put("data_sha256", FileDigest.sha256(training.paths().data()));
    json.set("adapter", ConfigWriter.json(model.config(ExampleTraining.ADAPTER).anyBaseModel()));
    json.put(
        "adapter_parameters",
        model.parameters(ExampleTraining.ADAPTER).stream().mapToLong(Parameter::numel).sum());
    json.put("base_sha256", model.fingerprint().sha256());
    return new RunSettings(json, Map.of());
  }

  /** Writes the record of the run at its start. */
  TrainingCallback recorder() {
    return new TrainingCallback() {
      @Override
      public void onStart(long steps, long done) {
        TrainPaths paths = training.paths();
        RunRecord record = new RunRecord(paths.out());
        if (!Files.exists(paths.out().resolve(RunRecord.OPTIONS))) {
          record.options(options());
        }
        record.origin(
            paths.model(),
            Path.of(paths.model()),
            model.fingerprint().sha256(),
            RunRecord.FLOAT32,
            List.of(paths.data()),
            training.initial());
        writeClasses(paths.out());
      }
    };
  }

  /** Returns all options, with defaults resolved. */
  private Map<String, Object> options() {
    TrainingOptions given = training.options();
    Map<String, Object> options = new TreeMap<>(training.given());
    training
        .initial()
        .ifPresentOrElse(
            initial -> InitialAdapterOptions.putInto(options, initial),
            () -> options.put("alpha", model.config(ExampleTraining.ADAPTER).alpha()));
    options.put("epochs", given.epochs().orElse(ExampleTraining.EPOCHS));
    options.put("batch-size", given.batch(ExampleTraining.BATCH));
    options.put("learning-rate", given.lr(ExampleTraining.LEARNING_RATE));
    options.put("validation-split", given.validFraction(0));
    options.computeIfPresent("classes", (key, names) -> ClassNames.file(training.paths().out()));
    return options;
  }
}
