import GRDB
import Hummingbird
import ServiceLifecycle
import Crypto
