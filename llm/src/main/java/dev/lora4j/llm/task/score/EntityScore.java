package dev.lora4j.llm.task.score;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The score of entities in labelled words, as seqeval computes it: an entity is right if its type,
 * its first and its last word are. Words have labels such as {@code B-PER}, {@code I-PER} and
 * {@code O}.
 *
 * @param precision over all entities (micro)
 * @param recall over all entities (micro)
 * @param f1 over all entities (micro)
 * @param types the entity types, sorted by name
 */
public record EntityScore(double precision, double recall, double f1, List<ClassScore> types) {

  private record Entity(int sentence, int from, int to, String type) {}

  /** Returns whether labels mark entities: one begins with {@code B-} or {@code I-}. */
  public static boolean isMarkedBy(List<String> labels) {
    return labels.stream().anyMatch(label -> label.startsWith("B-") || label.startsWith("I-"));
  }

  /** Scores the labels of sentences, word by word. */
  public static EntityScore of(List<List<String>> targets, List<List<String>> predictions) {
    Set<Entity> wanted = entities(targets);
    Set<Entity> found = entities(predictions);
    Map<String, long[]> counts = new TreeMap<>(); // right, support, predicted
    for (Entity entity : wanted) {
      long[] ofType = counts.computeIfAbsent(entity.type(), type -> new long[3]);
      ofType[0] += found.contains(entity) ? 1 : 0;
      ofType[1]++;
    }
    for (Entity entity : found) {
      counts.computeIfAbsent(entity.type(), type -> new long[3])[2]++;
    }
    List<ClassScore> types = new ArrayList<>();
    long[] all = new long[3];
    counts.forEach(
        (type, count) -> {
          types.add(ClassScore.of(type, count[0], count[1], count[2]));
          for (int i = 0; i < all.length; i++) {
            all[i] += count[i];
          }
        });
    ClassScore micro = ClassScore.of("all", all[0], all[1], all[2]);
    return new EntityScore(micro.precision(), micro.recall(), micro.f1(), List.copyOf(types));
  }

  private static Set<Entity> entities(List<List<String>> sentences) {
    Set<Entity> entities = new HashSet<>();
    for (int i = 0; i < sentences.size(); i++) {
      addEntities(i, sentences.get(i), entities);
    }
    return entities;
  }

  private static void addEntities(int sentence, List<String> labels, Set<Entity> into) {
    int from = -1;
    String type = "";
    for (int i = 0; i <= labels.size(); i++) {
      String label = i < labels.size() ? labels.get(i) : "O";
      String next = label.length() > 2 && label.charAt(1) == '-' ? label.substring(2) : "";
      boolean continues = label.startsWith("I-") && from >= 0 && next.equals(type);
      if (!continues) {
        if (from >= 0) {
          into.add(new Entity(sentence, from, i - 1, type));
        }
        from = next.isEmpty() ? -1 : i;
        type = next;
      }
    }
  }
}
