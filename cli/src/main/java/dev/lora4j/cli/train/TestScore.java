package dev.lora4j.cli.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.RegressionError;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The test score of a model. */
public sealed interface TestScore {

  /** The name of the metric. */
  String title();

  /** The figures by name, as text. */
  Map<String, String> figures();

  /** Adds the figures to a JSON object. */
  void fill(ObjectNode node);

  /**
   * Classification.
   *
   * @param accuracy share of correct answers
   */
  record Right(Accuracy accuracy) implements TestScore {
    @Override
    public String title() {
      return "Accuracy";
    }

    @Override
    public Map<String, String> figures() {
      Map<String, String> figures = new LinkedHashMap<>();
      figures.put("all", percent(accuracy.all()));
      accuracy.classes().forEach((name, share) -> figures.put(name, percent(share)));
      return figures;
    }

    private static String percent(double share) {
      return String.format(Locale.ROOT, "%5.1f %%", 100 * share);
    }

    @Override
    public void fill(ObjectNode node) {
      node.put("all", accuracy.all());
      ObjectNode classes = node.putObject("classes");
      accuracy.classes().forEach(classes::put);
    }
  }

  /**
   * Regression.
   *
   * @param error distance from the true values
   */
  record Apart(RegressionError error) implements TestScore {
    @Override
    public String title() {
      return "Error";
    }

    @Override
    public Map<String, String> figures() {
      Map<String, String> figures = new LinkedHashMap<>();
      figures.put("RMSE", number(error.rmse()));
      figures.put("MAE", number(error.mae()));
      figures.put("R²", error.r2().isPresent() ? number(error.r2().getAsDouble()) : "–");
      return figures;
    }

    private static String number(double number) {
      return String.format(Locale.ROOT, "%.4g", number);
    }

    @Override
    public void fill(ObjectNode node) {
      node.put("rmse", error.rmse());
      node.put("mae", error.mae());
      error.r2().ifPresentOrElse(r2 -> node.put("r2", r2), () -> node.putNull("r2"));
    }
  }
}
