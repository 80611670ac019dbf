/** The exchange of gradients between executors: by Gloo's collectives, or by Spark's messages. */
@NullMarked
package dev.lora4j.spark.exchange;

import org.jspecify.annotations.NullMarked;
