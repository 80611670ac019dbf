package dev.lora4j.examples.classifier;

import dev.lora4j.llm.recipe.FineTuneRecipe;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.predict.Prediction;
import dev.lora4j.llm.task.predict.TextClassifier;
import dev.lora4j.llm.train.TrainingArguments;
import java.nio.file.Path;
import java.util.List;

/** Text classifiers of many tenants, with labels of their own, on one base model. */
public final class TenantClassifiers implements AutoCloseable {
  private final String base;
  private final Path adapters;
  private final TextClassifier classifier;

  /**
   * @param base directory of an encoder or a language model
   * @param adapters gets a directory for each tenant
   */
  public TenantClassifiers(String base, Path adapters) {
    this.base = base;
    this.adapters = adapters;
    classifier = TextClassifier.open(Path.of(base));
  }

  /** Trains the classifier of a tenant on labelled texts and loads it; others go on meanwhile. */
  public void train(String tenant, Path csv, TrainingArguments arguments) {
    Path adapter = adapters.resolve(tenant);
    FineTuneRecipe.of(base)
        .task(TextTask.TEXT_CLASSIFICATION)
        .data(csv)
        .validFraction(0)
        .settings(arguments)
        .run(adapter);
    classifier.load(tenant, adapter);
  }

  /** Classifies texts of any tenants as one batch. */
  public List<Prediction> classify(List<TextClassifier.Request> requests) {
    return classifier.classify(requests);
  }

  @Override
  public void close() {
    classifier.close();
  }
}
