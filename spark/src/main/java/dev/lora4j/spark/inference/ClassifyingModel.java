package dev.lora4j.spark.inference;

import dev.lora4j.UserError;
import dev.lora4j.llm.task.predict.Prediction;
import dev.lora4j.llm.task.predict.TextClassifier;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.RowFactory;
import scala.jdk.javaapi.CollectionConverters;

/** Classifies texts and pairs of texts. */
record ClassifyingModel(TextClassifier classifier) implements RowModel {
  static ClassifyingModel open(ModelSpec spec, Path base, int threads) {
    TextClassifier classifier = TextClassifier.open(base, threads);
    try {
      spec.adapters().forEach((name, path) -> classifier.load(name, Path.of(path)));
      return new ClassifyingModel(classifier);
    } catch (RuntimeException e) {
      classifier.close();
      throw e;
    }
  }

  @Override
  public List<Object> outputs(List<TextInput> rows) {
    return classifier.classify(rows.stream().map(ClassifyingModel::request).toList()).stream()
        .map(ClassifyingModel::value)
        .toList();
  }

  private static TextClassifier.Request request(TextInput row) {
    if (row.adapter().equals(TextInput.BASE)) {
      throw new UserError(
          "a row names no adapter, and the base has no labels; fill the adapter column, or set the"
              + " adapter of all rows");
    }
    return new TextClassifier.Request(row.adapter(), row.text(), row.second());
  }

  private static Object value(Prediction prediction) {
    return RowFactory.create(
        prediction.label(),
        prediction.probability(),
        CollectionConverters.asScala(prediction.byLabel()));
  }

  @Override
  public void close() {
    classifier.close();
  }
}
