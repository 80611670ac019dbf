package dev.lora4j.cli.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.train.Accuracy;
import dev.lora4j.train.RegressionError;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The test score of a model.
 *
 * @param title name of the metric
 * @param loss the mean loss
 * @param metrics further means by name, for the metrics files
 * @param figures the figures by name, as text
 * @param json adds the figures to a JSON object
 */
public record TestScore(
    String title,
    double loss,
    Map<String, Double> metrics,
    Map<String, String> figures,
    Consumer<ObjectNode> json) {

  /** Adds the figures to a JSON object. */
  public void fill(ObjectNode node) {
    json.accept(node);
  }

  /** The accuracy over all classes and of each class. */
  public static TestScore of(Accuracy accuracy) {
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("all", percent(accuracy.all()));
    accuracy.classes().forEach((name, share) -> figures.put(name, percent(share)));
    return new TestScore(
        "Accuracy",
        accuracy.loss(),
        Map.of("accuracy", accuracy.all()),
        figures,
        node -> {
          node.put("all", accuracy.all());
          accuracy.classes().forEach(node.putObject("classes")::put);
        });
  }

  /** The errors of a regression. */
  public static TestScore of(RegressionError error) {
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put("RMSE", number(error.rmse()));
    figures.put("MAE", number(error.mae()));
    figures.put("R²", error.r2().isPresent() ? number(error.r2().getAsDouble()) : "–");
    return new TestScore(
        "Error",
        error.rmse() * error.rmse(),
        Map.of("rmse", error.rmse(), "mae", error.mae()),
        figures,
        node -> {
          node.put("rmse", error.rmse());
          node.put("mae", error.mae());
          error.r2().ifPresentOrElse(r2 -> node.put("r2", r2), () -> node.putNull("r2"));
        });
  }

  private static String percent(double share) {
    return NumberFormats.format("%5.1f %%", 100 * share);
  }

  private static String number(double number) {
    return NumberFormats.format("%.4g", number);
  }
}
