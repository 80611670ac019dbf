package dev.lora4j.cli.train;

import dev.lora4j.cli.options.TrainingOptions;
import dev.lora4j.cli.report.TestScore;
import dev.lora4j.data.Dataset;
import dev.lora4j.io.FileDigest;
import dev.lora4j.llm.recipe.RunRecord;
import dev.lora4j.lora.LoraModel;
import dev.lora4j.lora.config.ConfigWriter;
import dev.lora4j.nn.Parameter;
import dev.lora4j.train.RunResult;
import dev.lora4j.train.Trainer;
import dev.lora4j.train.TrainingCallback;
import dev.lora4j.train.TrainingLoop;
import dev.lora4j.train.TrainingRun;
import dev.lora4j.train.Workers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

  private Map<String, String> settings() {
    TrainingOptions options = training.options();
    Map<String, String> settings = new LinkedHashMap<>(training.data().settings(examples.task()));
    settings.put("epochs", Integer.toString(options.epochs().orElse(ExampleTraining.EPOCHS)));
    settings.put("batch", Integer.toString(options.batch(ExampleTraining.BATCH)));
    settings.put("learning_rate", Double.toString(options.lr(ExampleTraining.LEARNING_RATE)));
    settings.put("validation_split", Double.toString(options.validFraction(0)));
    settings.put("eval_steps", Long.toString(options.policy().evaluateEvery()));
    settings.put("save_steps", Long.toString(options.policy().checkpointEvery()));
    settings.put("early_stopping_patience", Integer.toString(options.policy().patience()));
    settings.put("seed", Long.toString(options.seed()));
    settings.put("workers", Integer.toString(workers.count()));
    settings.put("data_sha256", FileDigest.sha256(training.paths().data()));
    settings.put("adapter", adapter());
    settings.put(
        "adapter_parameters",
        Long.toString(
            model.parameters(ExampleTraining.ADAPTER).stream().mapToLong(Parameter::numel).sum()));
    settings.put("base_sha256", model.fingerprint().sha256());
    return settings;
  }

  /** Returns the adapter's config with PEFT's keys. */
  private String adapter() {
    byte[] json = ConfigWriter.write(model.config(ExampleTraining.ADAPTER), List.of(), false);
    return new String(json, StandardCharsets.UTF_8).replaceAll("\\s+", " ");
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
            List.of(paths.data()));
        writeClasses(paths.out());
      }
    };
  }

  /** Returns all options, with defaults resolved and paths absolute. */
  private Map<String, Object> options() {
    TrainingOptions given = training.options();
    Map<String, Object> options =
        LanguageTraining.resolved(training.given(), training.paths().model());
    options.put("alpha", model.config(ExampleTraining.ADAPTER).alpha());
    options.put("epochs", given.epochs().orElse(ExampleTraining.EPOCHS));
    options.put("batch-size", given.batch(ExampleTraining.BATCH));
    options.put("learning-rate", given.lr(ExampleTraining.LEARNING_RATE));
    options.put("validation-split", given.validFraction(0));
    options.computeIfPresent("classes", (key, names) -> ClassNames.file(training.paths().out()));
    return options;
  }
}
