package dev.lora4j.tables;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import dev.lora4j.CorruptFile;
import dev.lora4j.data.RowFormat;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.Set;

/**
 * The rows of parquet files, read by DuckDB. Keys that are null inside a column are left out, as in
 * TRL: Arrow adds them where the structs of a column have different keys.
 */
public final class ParquetRows implements RowFormat {
  private static final String QUERY = "SELECT CAST(to_json(t) AS VARCHAR) FROM read_parquet(?) t";
  private static final JsonFactory JSON =
      new JsonFactoryBuilder()
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
          .build();

  @Override
  public Set<String> endings() {
    return Set.of("parquet");
  }

  @Override
  public void read(Path file, RowConsumer rows) {
    FileQuery.run(
        file,
        QUERY,
        result -> {
          long number = 0;
          while (result.next()
              && rows.accept(number + 1, withoutNulls(file, result.getString(1)))) {
            number++;
          }
          return number;
        });
  }

  private static String withoutNulls(Path file, String row) {
    StringWriter text = new StringWriter();
    try (JsonParser parser = JSON.createParser(row);
        JsonGenerator generator = JSON.createGenerator(text)) {
      int depth = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.FIELD_NAME && depth > 1) {
          String name = parser.currentName();
          token = parser.nextToken();
          if (token == JsonToken.VALUE_NULL) {
            continue;
          }
          generator.writeFieldName(name);
        }
        generator.copyCurrentEventExact(parser);
        depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
      }
    } catch (IOException e) {
      throw new CorruptFile(file, "a row is not valid JSON: " + e.getMessage(), e);
    }
    return text.toString();
  }
}
