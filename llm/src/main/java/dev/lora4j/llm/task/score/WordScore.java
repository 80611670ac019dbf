package dev.lora4j.llm.task.score;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The score of labels of words.
 *
 * @param words each word as an example of its own
 * @param entities the entities that the labels mark, if they do
 */
public record WordScore(ClassificationScore words, Optional<EntityScore> entities)
    implements TaskScore {

  @Override
  public Map<String, Double> metrics() {
    Map<String, Double> metrics = new LinkedHashMap<>(words.metrics());
    entities.ifPresent(found -> metrics.put("entity_f1", found.f1()));
    return metrics;
  }
}
