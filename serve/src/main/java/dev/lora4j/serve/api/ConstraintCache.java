package dev.lora4j.serve.api;

import dev.lora4j.llm.constrain.Constraint;
import dev.lora4j.llm.tokenizer.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** The constraints of recent requests, with their token masks. Thread-safe. */
final class ConstraintCache {
  private static final int MAX_CONSTRAINTS = 16;

  /** A tokenizer's vocabulary, and the text of the schema. */
  private record Key(Object vocabulary, String schema) {}

  private final Map<Key, Constraint> recent = // guarded by this
      new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Constraint> eldest) {
          return size() > MAX_CONSTRAINTS;
        }
      };

  /** Returns a constraint; compiles it if no recent request had it. */
  Constraint of(Tokenizer tokenizer, String schema, Supplier<Constraint> compiled) {
    Key key = new Key(tokenizer.trie(), schema);
    synchronized (this) {
      Constraint known = recent.get(key);
      if (known != null) {
        return known;
      }
    }
    Constraint constraint = compiled.get(); // outside the lock: a large schema takes its time
    synchronized (this) {
      recent.put(key, constraint);
    }
    return constraint;
  }
}
