package dev.lora4j.cli.report;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.lora4j.cli.show.NumberFormats;
import dev.lora4j.llm.task.score.Calibration;
import dev.lora4j.llm.task.score.ClassScore;
import dev.lora4j.llm.task.score.ClassificationScore;
import dev.lora4j.llm.task.score.MultiLabelScore;
import dev.lora4j.llm.task.score.NumberScore;
import dev.lora4j.llm.task.score.RankingScore;
import dev.lora4j.llm.task.score.TaskScore;
import dev.lora4j.llm.task.score.WordScore;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The figures of a task's score, as text and as JSON. */
public final class TaskFigures {
  private TaskFigures() {}

  /** The figures by name, as text. */
  public static Map<String, String> of(TaskScore score) {
    Map<String, String> figures = new LinkedHashMap<>();
    if (score instanceof ClassificationScore classes) {
      put(figures, classes);
    } else if (score instanceof MultiLabelScore labels) {
      figures.put("exact", percent(labels.accuracy()));
      figures.put("micro F1", number(labels.microF1()));
      figures.put("macro F1", number(labels.macroF1()));
      figures.put("nll", number(labels.nll()));
    } else if (score instanceof NumberScore numbers) {
      figures.put("RMSE", number(numbers.rmse()));
      figures.put("MAE", number(numbers.mae()));
      figures.put("Pearson", number(numbers.pearson()));
      figures.put("Spearman", number(numbers.spearman()));
    } else if (score instanceof WordScore words) {
      put(figures, words.words());
      words.entities().ifPresent(found -> figures.put("entity F1", number(found.f1())));
    } else if (score instanceof RankingScore ranking) {
      figures.put("nDCG@10", number(ranking.ndcg()));
      figures.put("MRR@10", number(ranking.reciprocalRank()));
      figures.put("recall@1", number(ranking.recallAt1()));
      figures.put("recall@5", number(ranking.recallAt5()));
      figures.put("recall@10", number(ranking.recallAt10()));
    }
    return figures;
  }

  private static void put(Map<String, String> figures, ClassificationScore score) {
    figures.put("accuracy", percent(score.accuracy()));
    figures.put("macro F1", number(score.macroF1()));
    figures.put("nll", number(score.nll()));
    figures.put("calibration error", number(score.calibrationError()));
  }

  /** The classes whose precision and recall a score has; none for other scores. */
  public static List<ClassScore> classes(TaskScore score) {
    if (score instanceof ClassificationScore classes) {
      return classes.classes();
    } else if (score instanceof MultiLabelScore labels) {
      return labels.classes();
    } else if (score instanceof WordScore words) {
      return words.entities().isPresent()
          ? words.entities().get().types()
          : words.words().classes();
    }
    return List.of();
  }

  static String percent(double share) {
    return NumberFormats.format("%.1f %%", 100 * share);
  }

  static String number(double number) {
    return NumberFormats.format("%.4f", number);
  }

  // ---- JSON ----

  /** Adds a score to a JSON object. */
  public static void fill(ObjectNode root, TaskScore score) {
    if (score instanceof ClassificationScore classes) {
      fillClasses(root, classes);
    } else if (score instanceof MultiLabelScore labels) {
      root.put("accuracy", labels.accuracy());
      root.put("micro_f1", labels.microF1()).put("macro_f1", labels.macroF1());
      root.put("nll", labels.nll());
      putClasses(root.putObject("classes"), labels.classes());
    } else if (score instanceof NumberScore numbers) {
      root.put("rmse", numbers.rmse()).put("mae", numbers.mae());
      putFinite(root, "pearson", numbers.pearson());
      putFinite(root, "spearman", numbers.spearman());
      root.put("examples", numbers.examples());
    } else if (score instanceof WordScore words) {
      fillClasses(root, words.words());
      words
          .entities()
          .ifPresent(
              found -> {
                ObjectNode entities = root.putObject("entities");
                entities.put("precision", found.precision()).put("recall", found.recall());
                entities.put("f1", found.f1());
                putClasses(entities.putObject("types"), found.types());
              });
    } else if (score instanceof RankingScore ranking) {
      root.put("ndcg_at_10", ranking.ndcg()).put("mrr_at_10", ranking.reciprocalRank());
      root.put("recall_at_1", ranking.recallAt1()).put("recall_at_5", ranking.recallAt5());
      root.put("recall_at_10", ranking.recallAt10()).put("queries", ranking.queries());
    }
  }

  private static void fillClasses(ObjectNode root, ClassificationScore score) {
    root.put("accuracy", score.accuracy());
    root.put("macro_precision", score.macroPrecision()).put("macro_recall", score.macroRecall());
    root.put("macro_f1", score.macroF1());
    root.put("nll", score.nll());
    root.put("calibration_error", score.calibrationError());
    root.put("examples", score.examples());
    putClasses(root.putObject("classes"), score.classes());
    ArrayNode confusion = root.putArray("confusion");
    score.confusion().forEach(row -> addRow(confusion, row));
  }

  private static void addRow(ArrayNode confusion, List<Long> counts) {
    ArrayNode row = confusion.addArray();
    counts.forEach(count -> row.add(count.longValue()));
  }

  private static void putClasses(ObjectNode node, List<ClassScore> classes) {
    classes.forEach(
        one ->
            node.putObject(one.name())
                .put("precision", one.precision())
                .put("recall", one.recall())
                .put("f1", one.f1())
                .put("support", one.support()));
  }

  private static void putFinite(ObjectNode root, String name, double value) {
    if (Double.isFinite(value)) {
      root.put(name, value);
    } else {
      root.putNull(name);
    }
  }

  /** Adds a calibration to a JSON object. */
  public static void fill(ObjectNode root, Calibration calibration) {
    if (calibration.examples() > 0) {
      root.putObject("calibration")
          .put("temperature", calibration.temperature())
          .put("ece_before", calibration.errorBefore())
          .put("ece_after", calibration.errorAfter());
    }
  }
}
