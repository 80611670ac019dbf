import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/**
 * Embeds texts with LangChain4j's all-MiniLM-L6-v2 on ONNX Runtime and prints one JSON line: {@code
 * java -cp 'JARS/*' EmbedOnnx.java TEXTS THREADS}, where TEXTS has one text a line.
 */
final class EmbedOnnx {
  private EmbedOnnx() {}

  public static void main(String[] arguments) throws IOException {
    List<TextSegment> texts = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      texts.add(TextSegment.from(line));
    }
    int threads = Integer.parseInt(arguments[1]);
    var executor = Executors.newFixedThreadPool(threads);
    try {
      var model = new AllMiniLmL6V2EmbeddingModel(executor);
      model.embedAll(texts.subList(0, Math.min(64, texts.size()))); // warm-up
      long start = System.nanoTime();
      int embedded = model.embedAll(texts).content().size();
      System.out.printf(
          "{\"seconds\": %.3f, \"texts\": %d}%n", (System.nanoTime() - start) / 1e9, embedded);
    } finally {
      executor.shutdown();
    }
  }
}
