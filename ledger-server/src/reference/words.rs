//! What the OpenAPI document says, in both languages. (接口说明的中文)

mod desk;

pub(super) use desk::DESK;

/// What the document says, in English and Chinese.
pub(super) const TEXTS: &[(&str, &str)] = &[
    (
        "The collective: what is open, what waits, its transactions",
        "集体主页：现在公开什么、谁该办什么、全部交易",
    ),
    ("The sixteen steps of a transaction", "一宗交易的十六个环节"),
    ("No such transaction", "没有这宗交易"),
    ("The transaction's id", "交易编号"),
    (
        "The sixteen steps on one sheet",
        "明白纸：一页看全十六个环节",
    ),
    ("Charts, each with its table", "图表，各附数据表"),
    (
        "All concerns, those that wait for an answer first",
        "全部群众意见，待答复的在前",
    ),
    ("Filed: the receipt", "已收到：回执"),
    (
        "This form was filed before: its receipt",
        "这张表已收到过：它的回执",
    ),
    ("The form to raise a concern", "提意见的表"),
    ("Sent from another site", "从别的网站提交的"),
    (
        "Sent from another site, or not the code of this concern",
        "从别的网站提交的，或不是这条意见的查询码",
    ),
    (
        "Not filed: the form again, with what is wrong",
        "没有提交：原表退回并标出问题",
    ),
    (
        "Too early or too often: the form again",
        "太早或太频繁：原表退回",
    ),
    (
        "Cannot be written now: the form again",
        "现在写不进：原表退回",
    ),
    ("Rated: the concern's page", "已评价：意见页"),
    (
        "Not rated: the form again, with what is wrong",
        "没有评价：原表退回并标出问题",
    ),
    ("The entry's bytes", "条目原文"),
    (
        "The form's fields: subject, by, text, code, issued, seal, work",
        "表的各栏：subject、by、text、code、issued、seal、work",
    ),
    (
        "The form's fields: code, stars, comment",
        "表的各栏：code、stars、comment",
    ),
    (
        "The words beside the entries of the concern, each with commitment and salt; none where they stand in the entries",
        "意见原文，每段附承诺和盐；原文写在条目里的不列",
    ),
    ("A loss that a ledger declares.", "账本声明的损失。"),
    (
        "A concern, its answer and what came of it",
        "一条群众意见、答复和结果",
    ),
    ("No such concern", "没有这条意见"),
    ("The concern's id", "意见编号"),
    (
        "A disclosure as it was published",
        "公开内容，照公开时的原样",
    ),
    ("Not published", "没有公开"),
    (
        "`pre_plan`, `plan` or `completion`",
        "pre_plan（方案生成前）、plan（方案生成后）或 completion（交易完成后）",
    ),
    ("A disclosure as an A4 sheet", "公开内容的 A4 公告"),
    ("An entry, in words and in bytes", "一条记录：文字和原文"),
    ("No such entry", "没有这一条"),
    (
        "What was published last (RFC 4287)",
        "最近公开的内容（RFC 4287 订阅源）",
    ),
    (
        "The keys that this browser keeps",
        "我的钥匙：这个浏览器里存的",
    ),
    (
        "A new member's key and code",
        "新成员：做钥匙、取入册码；凭码入册",
    ),
    (
        "Who signs in which role, with which key",
        "名册：谁以什么岗位、用哪把钥匙签名",
    ),
    (
        "A document is somebody else's: it is given as bytes to keep, never shown on this site.",
        "材料出自他人之手：只作为文件给出供保存，绝不在本站显示。",
    ),
    (
        "A problem (RFC 9457), in Chinese, or in English if that is preferred",
        "出错说明（RFC 9457），中文；优先英文时给英文",
    ),
    ("A public document", "公开的材料"),
    ("A receipt", "回执"),
    (
        "A receipt of that entry under the newest checkpoint",
        "该条目在最新检查点下的回执",
    ),
    (
        "Admitted, durable and in a published checkpoint: the receipt, a tlog-proof",
        "已登记、已落盘、已进入公布的检查点：内容是回执（tlog-proof）",
    ),
    (
        "All of them, in the order of their slugs",
        "全部账本，按路径名排列",
    ),
    (
        "An error: RFC 9457. A rule's own members stand beside these.",
        "出错说明（RFC 9457）。各条规则另有自己的字段。",
    ),
    ("Entries", "条目"),
    ("Every ledger can be read and written", "每个账本都能读能写"),
    ("Hashes of the tree", "树的散列"),
    ("How many entries are published.", "已公布多少条。"),
    (
        "Its digest, 64 hexadecimal digits",
        "材料的摘要，64 位十六进制数字",
    ),
    (
        "One ledger as `/<slug>/ledger.json` describes it.",
        "/<slug>/ledger.json 里的账本说明。",
    ),
    (
        "One ledger in `/ledgers.json`.",
        "/ledgers.json 里的一个账本。",
    ),
    ("OpenAPI 3.1", "OpenAPI 3.1"),
    (
        "Origin, log key, ledger id and witness policy",
        "日志名、日志公钥、账本标识和见证规则",
    ),
    ("Submit a signed event", "提交签名事件"),
    (
        "The `x-request-id` of the answer.",
        "这次回答的 x-request-id。",
    ),
    ("The collective's name.", "集体名称。"),
    (
        "The document as it was registered; save it, do not show it",
        "登记时的原件；请保存，不要直接显示",
    ),
    ("The entry, counted from 0", "第几条，从 0 数起"),
    ("The first page", "首页"),
    ("The hash of entry 0.", "第 0 条的散列。"),
    (
        "The key that signs its checkpoints, as signed-note has it.",
        "签检查点的公钥，写法见 signed-note。",
    ),
    (
        "The ledger, as in `/ledgers.json`",
        "账本的路径名，见 /ledgers.json",
    ),
    ("The ledgers of this site", "本站的账本"),
    ("The level of the tile", "瓦片所在的层"),
    (
        "The name of the log, under which checkpoints are signed.",
        "日志名，检查点以它的名义签署。",
    ),
    ("The newest checkpoint", "最新检查点"),
    ("The path under which it is served.", "账本的路径名。"),
    ("The signed event", "签好名的事件"),
    (
        "The signed tree head, with the cosignatures it has by now",
        "签了名的树头，带上目前已有的见证签名",
    ),
    ("The status of the answer.", "回答的状态码。"),
    ("They may", "可以"),
    ("This description, for people", "接口说明（供人阅读）"),
    ("This description, for programs", "接口说明（供程序读取）"),
    (
        "This page; `?lang=zh` or `?lang=en` chooses its language",
        "本页；?lang=zh 或 ?lang=en 选语言",
    ),
    (
        "This statement stands already: its receipt",
        "这份事件早已登记：内容是它的回执",
    ),
    (
        "Up to 256 entries, each after its length in two bytes",
        "最多 256 条，每条前面是两个字节的长度",
    ),
    (
        "Up to 256 hashes of 32 bytes each",
        "最多 256 个散列，每个 32 字节",
    ),
    ("What a verifier pins", "核对者要钉住的"),
    ("What it is, in a few words.", "一句话说明。"),
    (
        "What was expected, what was found, and the way out.",
        "应为什么、实为什么、怎么办。",
    ),
    ("Where a newer receipt is had", "更新的回执在哪里取"),
    ("Whether all is well", "是否正常"),
    ("Whether it is for practice only.", "是否只供练习。"),
    ("Whether requests may be sent here", "是否宜接收请求"),
    (
        "Which ledgers there are, for people",
        "有哪些账本（供人阅读）",
    ),
    (
        "Which witnesses its checkpoints should have, as tlog-policy.",
        "检查点应有哪些见证，写法见 tlog-policy。",
    ),
    (
        "`<N>`, or `<N>.p/<W>` with its stroke as it is, as tlog-tiles has it",
        "<N>，或 <N>.p/<W>，其中斜线不转义，写法见 tlog-tiles",
    ),
    ("`urn:sanzi:<rule>`, stable.", "urn:sanzi:规则名，不会改。"),
    (
        "A public document that an entry names",
        "条目里登记的公开材料",
    ),
    ("Hand in a public document", "上传公开材料"),
    ("Hand in a private document", "上传不公开材料"),
    (
        "A private document, for those who may read it",
        "不公开材料，供可查阅的人",
    ),
    (
        "The part that was asked for by `Range`",
        "用 Range 要的那一段",
    ),
    (
        "Who is not entitled is answered as if there were nothing.",
        "无权查阅的，回答同没有一样。",
    ),
    (
        "Its commitment, 64 hexadecimal digits",
        "材料的承诺，64 位十六进制数字",
    ),
    ("The entry that names it", "登记它的条目"),
    (
        "The entry that names it, if there is one already",
        "登记它的条目，如已登记",
    ),
    (
        "RFC 9421, by the key of a member who holds one of its readers' roles",
        "RFC 9421，用可查阅岗位成员的钥匙签",
    ),
    (
        "RFC 9421, by the key of an active member",
        "RFC 9421，用现任成员的钥匙签",
    ),
    ("The entry that declares it.", "声明丢失的条目。"),
    ("The first entry that is gone.", "丢失的第一条。"),
    (
        "The last entry that is known to have been.",
        "已知曾有的最后一条。",
    ),
    ("The log that they were in.", "它们原在的日志。"),
    (
        "The losses that it declares, oldest first.",
        "账本声明的损失，从早到晚。",
    ),
    ("Raise a concern", "提出意见"),
    (
        "The words of a concern, with what opens their commitments",
        "意见原文，附打开承诺的盐",
    ),
    ("Rate the answer to a concern", "评价答复"),
    ("An entry's bytes", "一条记录的原始字节"),
    ("The signature of RFC 9421", "RFC 9421 的签名"),
    ("RFC 9530, sha-256", "RFC 9530，sha-256"),
    (
        "RFC 9530, sha-256 of the whole body",
        "RFC 9530，整个正文的 sha-256",
    ),
    (
        "Its salt, 32 bytes, and the document",
        "盐 32 字节，后面是材料",
    ),
    (
        "The salt, 32 bytes, and the document",
        "先是盐 32 字节，后面是材料本身",
    ),
    ("The document", "材料本身"),
    ("It is in its place", "已存入账本"),
    (
        "It waits for an entry that names it",
        "已收下，等条目登记它",
    ),
    (
        "The supervisors' desk: all ledgers side by side",
        "监督台：各账本一览",
    ),
    (
        "The supervisors' figures, for programs",
        "监督台的数字，供程序读取",
    ),
    (
        "The supervisors' figures, as a sheet",
        "监督台的数字，表格（CSV）",
    ),
];
