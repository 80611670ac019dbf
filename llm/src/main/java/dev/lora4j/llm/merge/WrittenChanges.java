package dev.lora4j.llm.merge;

import dev.lora4j.llm.export.SavedModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** The changes of a merge, read back from the file that was written, in any format. */
final class WrittenChanges {
  private WrittenChanges() {}

  /**
   * Compares three models tensor by tensor.
   *
   * @param base the dequantised base
   * @param merged the exact result, in float32
   * @param out the rounded result
   */
  static List<MergeSummary.Change> of(Path base, Path merged, Path out) {
    List<MergeSummary.Change> changes = new ArrayList<>();
    try (SavedModel before = SavedModel.open(base);
        SavedModel exact = SavedModel.open(merged);
        SavedModel written = SavedModel.open(out)) {
      String embedding = exact.tensors().keySet().iterator().next(); // that of a tied head
      for (String name : exact.tensors().keySet()) {
        try (PointerScope scope = new PointerScope()) {
          Tensor old = before.read(before.has(name) ? name : embedding);
          Tensor after = exact.read(name);
          if (!old.equal(after)) {
            Tensor found = written.read(name);
            changes.add(MeasuredChange.of(name, old, after, found).change());
          }
        }
      }
    }
    return changes;
  }
}
