package dev.lora4j.llm.task.train;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.llm.task.TextTask;
import dev.lora4j.llm.task.data.TaskExample;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The choice of a task's loss.
 *
 * @param name of a loss for embeddings; empty for the one that suits the data
 * @param parameters its hyperparameters by name
 * @param balanced whether classes are weighted so that each has the same part of the loss
 */
public record TaskLosses(Optional<String> name, Map<String, Double> parameters, boolean balanced) {
  /** The loss that suits task and data. */
  public static final TaskLosses DEFAULT = new TaskLosses(Optional.empty(), Map.of(), false);

  private static final List<String> OF_EMBEDDINGS = List.of("contrastive", "triplet", "cosine");

  public TaskLosses {
    parameters = Map.copyOf(parameters);
  }

  /**
   * Creates the loss for a task.
   *
   * @param labels number of labels
   * @throws UserError if the choice does not suit the task or the examples
   */
  public TaskLoss of(TextTask task, List<TaskExample> train, int labels) {
    if (task != TextTask.EMBEDDING && name.isPresent()) {
      throw new UserError(
          "--objective %s is for embeddings; %s has a loss of its own"
              .formatted(name.get(), task.word()));
    }
    boolean weightsApply =
        task == TextTask.TEXT_CLASSIFICATION || task == TextTask.TOKEN_CLASSIFICATION;
    if (balanced && !weightsApply) {
      throw new UserError("class weights don't apply to " + task.word());
    }
    return switch (task) {
      case TEXT_CLASSIFICATION, TOKEN_CLASSIFICATION ->
          balanced ? ClassificationLoss.balanced(train, labels) : ClassificationLoss.unweighted();
      case MULTI_LABEL -> new BinaryLoss();
      case RERANKING -> {
        requireRange(train, 0, 1, "relevance");
        yield new BinaryLoss();
      }
      case TEXT_REGRESSION -> new SquaredErrorLoss();
      case EMBEDDING -> ofEmbeddings(train);
    };
  }

  private TaskLoss ofEmbeddings(List<TaskExample> train) {
    boolean scored = train.stream().allMatch(example -> example.target().length == 1);
    String chosen = name.orElse(scored ? "cosine" : "contrastive");
    return switch (chosen) {
      case "contrastive" -> {
        requireTexts(train, 2, chosen);
        double scale = parameter(ContrastiveLoss.SCALE, ContrastiveLoss.DEFAULT_SCALE);
        yield new ContrastiveLoss(scale);
      }
      case "triplet" -> {
        requireTexts(train, 3, chosen);
        yield new TripletLoss(parameter(TripletLoss.MARGIN, TripletLoss.DEFAULT_MARGIN));
      }
      case "cosine" -> {
        if (!scored) {
          throw new UserError("the cosine loss needs a score for each pair of texts");
        }
        requireRange(train, -1, 1, "similarity");
        refuseParameters(Map.of());
        yield new CosineLoss();
      }
      default ->
          throw new UserError(
              "no loss '%s' for embeddings%s"
                  .formatted(chosen, NearMiss.hint(chosen, OF_EMBEDDINGS)));
    };
  }

  private double parameter(String parameter, double ifAbsent) {
    refuseParameters(Map.of(parameter, ifAbsent));
    double value = parameters.getOrDefault(parameter, ifAbsent);
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new UserError(parameter + " must be more than 0 and finite, found " + value);
    }
    return value;
  }

  private void refuseParameters(Map<String, Double> known) {
    Map<String, Double> unknown = new LinkedHashMap<>(parameters);
    unknown.keySet().removeAll(known.keySet());
    unknown.keySet().stream()
        .findFirst()
        .ifPresent(
            given -> {
              throw new UserError(
                  "the loss has no parameter " + given + NearMiss.hint(given, known.keySet()));
            });
  }

  private static void requireTexts(List<TaskExample> train, int count, String loss) {
    for (int i = 0; i < train.size(); i++) {
      if (train.get(i).texts().size() < count) {
        throw new UserError(
            "example %d has %d texts; the %s loss needs %s"
                .formatted(
                    i + 1,
                    train.get(i).texts().size(),
                    loss,
                    count == 2 ? "an anchor and a positive" : "a negative too"));
      }
    }
  }

  private static void requireRange(
      List<TaskExample> train, double least, double most, String noun) {
    for (TaskExample example : train) {
      float value = example.target()[0];
      if (value < least || value > most) {
        throw new UserError(
            "a %s must be from %.0f to %.0f, found %s; scale the column"
                .formatted(noun, least, most, value));
      }
    }
  }
}
