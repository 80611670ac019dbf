package dev.lora4j.spark.inference;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharedModelsTest {
  private static final Path BASE = Path.of("..", "llm/src/test/resources/fixtures/embedding/bert");
  private static final ModelSpec.CompletionSpec COMPLETION =
      new ModelSpec.CompletionSpec(8, "", 0, 0, 4);

  @AfterEach
  void close() {
    SharedModels.closeUnused();
  }

  private static ModelSpec spec(
      Map<String, String> adapters, int threads, ModelSpec.CompletionSpec completion) {
    return new ModelSpec(RowTask.EMBED, BASE.toString(), adapters, threads, completion);
  }

  private static SharedModels.Lease lease(ModelSpec spec) {
    return SharedModels.lease(spec, new Configuration(false));
  }

  private static void assertNotShared(SharedModels.Lease first, ModelSpec spec) {
    try (SharedModels.Lease other = lease(spec)) {
      assertThat(other.model()).isNotSameAs(first.model());
    }
  }

  @Test
  void tasksOfEqualSettingsShareAModel() {
    try (SharedModels.Lease first = lease(spec(Map.of(), 1, COMPLETION));
        SharedModels.Lease second = lease(spec(Map.of(), 1, COMPLETION))) {
      assertThat(second.model()).isSameAs(first.model());
    }
  }

  @Test
  void aModelStaysForTheNextTask() {
    RowModel before;
    try (SharedModels.Lease first = lease(spec(Map.of(), 1, COMPLETION))) {
      before = first.model();
    }
    try (SharedModels.Lease next = lease(spec(Map.of(), 1, COMPLETION))) {
      assertThat(next.model()).isSameAs(before);
    }
  }

  @Test
  void everySettingThatShapesAModelHasOneOfItsOwn() {
    try (SharedModels.Lease first = lease(spec(Map.of(), 1, COMPLETION))) {
      assertNotShared(first, spec(Map.of(), 2, COMPLETION));
      assertNotShared(
          first, spec(Map.of("one", BASE.resolve("adapter").toString()), 1, COMPLETION));
      for (ModelSpec.CompletionSpec other :
          new ModelSpec.CompletionSpec[] {
            new ModelSpec.CompletionSpec(9, "", 0, 0, 4),
            new ModelSpec.CompletionSpec(8, "Be brief.", 0, 0, 4),
            new ModelSpec.CompletionSpec(8, "", 0.5, 0, 4),
            new ModelSpec.CompletionSpec(8, "", 0, 1, 4),
            new ModelSpec.CompletionSpec(8, "", 0, 0, 5)
          }) {
        assertNotShared(first, spec(Map.of(), 1, other));
      }
    }
  }
}
