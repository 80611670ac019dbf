package dev.lora4j.llm.train;

import dev.lora4j.io.TensorDigest;
import dev.lora4j.llm.dataset.Example;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/** Digest of the training data: tokens, their order, label masks and scores. */
final class DataDigest {
  private DataDigest() {}

  static String of(List<Example> examples) {
    MessageDigest digest = TensorDigest.sha256();
    for (Example example : examples) {
      ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES + example.length() * 5);
      bytes.putInt(example.length());
      for (int i = 0; i < example.length(); i++) {
        bytes.putInt(example.token(i)).put((byte) (example.carriesLoss(i) ? 1 : 0));
      }
      digest.update(bytes.array());
      if (example.score() != 0) {
        digest.update(ByteBuffer.allocate(Double.BYTES).putDouble(example.score()).array());
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
